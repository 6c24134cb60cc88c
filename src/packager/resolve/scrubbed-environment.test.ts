import { expect, test } from 'vitest'
import { buildEnvironment, resolverEnvironment } from './scrubbed-environment.ts'

const host = {
  PATH: '/usr/bin',
  HOME: '/home/ana',
  LANG: 'de_DE.UTF-8',
  AWS_SECRET_ACCESS_KEY: 'aws',
  AWS_PROFILE: 'prod',
  GITHUB_TOKEN: 'github',
  DATABASE_URL: 'postgres://u:p@h/d',
  PYTHONPATH: '/home/ana/lib',
  PIP_INDEX_URL: 'https://ana:secret@index.example/simple',
  UV_INDEX_CORP_PASSWORD: 'corp',
  UV_PUBLISH_TOKEN: 'publish',
  https_proxy: 'http://proxy.example:3128',
}

test('a resolver sees the index and the proxy, and no other secret of the machine', () => {
  const environment = resolverEnvironment(host)
  expect(environment).toMatchObject({
    PATH: '/usr/bin',
    PIP_INDEX_URL: host.PIP_INDEX_URL,
    UV_INDEX_CORP_PASSWORD: 'corp',
    https_proxy: host.https_proxy,
  })
  for (const name of [
    'AWS_SECRET_ACCESS_KEY',
    'AWS_PROFILE',
    'GITHUB_TOKEN',
    'DATABASE_URL',
    'UV_PUBLISH_TOKEN',
    'PYTHONPATH',
    'LANG',
  ])
    expect(environment).not.toHaveProperty(name)
})

test('the build code of a package sees no index and no credential', () => {
  const environment = buildEnvironment(host)
  expect(JSON.stringify(environment)).not.toMatch(/secret|corp|publish|github|aws/)
  expect(environment['SOURCE_DATE_EPOCH']).toBe('315532800')
})
