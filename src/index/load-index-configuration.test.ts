import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../../test/kit/temporary-folder.ts'
import { redactUrl } from './credentials.ts'
import { defaultIndexUrl, type IndexConfiguration } from './index-configuration.ts'
import { loadIndexConfiguration, type ProjectIndexes } from './load-index-configuration.ts'
import { parseNetrc } from './netrc.ts'
import { parsePipConfiguration, pipConfigurationFiles } from './pip-configuration.ts'

const load = (
  environment: Record<string, string> = {},
  project?: ProjectIndexes,
  home = '/nowhere',
): Promise<IndexConfiguration> =>
  loadIndexConfiguration({
    environment: { XDG_CONFIG_DIRS: '/nowhere', PIP_CONFIG_FILE: '/dev/null', ...environment },
    platform: 'linux',
    home,
    project,
  })
const urls = (configuration: IndexConfiguration): string[] => configuration.indexes.map(({ url }) => url)

test('without any setting it is the index of every Python tool', async () => {
  expect(urls(await load())).toEqual([defaultIndexUrl])
})

test("pip's variables", async () => {
  const configuration = await load({
    PIP_INDEX_URL: 'https://one.example/simple',
    PIP_EXTRA_INDEX_URL: 'https://two.example/simple/ https://three.example/simple',
    PIP_FIND_LINKS: '/wheels ~/more',
    PIP_TRUSTED_HOST: 'one.example',
    PIP_CERT: '~/ca.pem',
    PIP_TIMEOUT: '5',
    PIP_RETRIES: '0',
    PIP_NO_INDEX: '1',
    PIP_PROXY: 'http://proxy.example:3128',
  })
  expect(urls(configuration)).toEqual([
    'https://two.example/simple/',
    'https://three.example/simple/',
    'https://one.example/simple/',
  ])
  expect(configuration).toMatchObject({
    strategy: 'all',
    findLinks: ['/wheels', '/nowhere/more'],
    trustedHosts: ['one.example'],
    certificateFiles: ['/nowhere/ca.pem'],
    timeoutSeconds: 5,
    retries: 0,
    noIndex: true,
    proxy: 'http://proxy.example:3128',
  })
})

test("uv's variables, which win over pip's, and the names that carry credentials", async () => {
  const configuration = await load({
    PIP_INDEX_URL: 'https://pip.example/simple',
    UV_DEFAULT_INDEX: 'https://uv.example/simple',
    UV_INDEX: 'my-own=https://own.example/simple',
    UV_INDEX_MY_OWN_USERNAME: 'me',
    UV_INDEX_MY_OWN_PASSWORD: 'p@w',
    UV_FIND_LINKS: '/a,/b',
  })
  expect(urls(configuration)).toEqual(['https://me:p%40w@own.example/simple/', 'https://uv.example/simple/'])
  expect(configuration).toMatchObject({ strategy: 'first-index', findLinks: ['/a', '/b'] })
  expect((await load({ UV_INDEX: 'https://own.example', UV_INDEX_STRATEGY: 'unsafe-best-match' })).strategy).toBe('all')
})

test("pip's files: `[global]`, over it `[install]`, values over several lines", async () => {
  const home = temporaryFolder()
  const file = join(home, '.config/pip/pip.conf')
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(
    file,
    '[global]\nindex-url = https://global.example/simple\ntimeout = 60\nextra-index-url =\n    https://a.example/simple\n    https://b.example/simple\n# comment\n[install]\nindex_url: https://install.example/simple ; ours\n',
  )
  const configuration = await loadIndexConfiguration({
    environment: { XDG_CONFIG_DIRS: home },
    platform: 'linux',
    home,
  })
  expect(urls(configuration)).toEqual([
    'https://a.example/simple/',
    'https://b.example/simple/',
    'https://install.example/simple/',
  ])
  expect(configuration.timeoutSeconds).toBe(60)
})

test('what requirements files say wins over the environment', async () => {
  const configuration = await load(
    { PIP_INDEX_URL: 'https://one.example/' },
    { indexUrl: 'https://two.example/', findLinks: ['/wheels'], noIndex: false },
  )
  expect(urls(configuration)).toEqual(['https://two.example/'])
})

test('an address that is none is refused without its password', async () => {
  const failing = load({ PIP_INDEX_URL: 'ftp://me:secret@one.example/' })
  await expect(failing).rejects.toThrow('`ftp://one.example/` is not an `https:`, `http:` or `file:` URL')
})

const places = (platform: NodeJS.Platform, environment = {}): readonly string[] =>
  pipConfigurationFiles({ environment, platform, home: '/home/me' })

test('the places of pip.conf on each system', () => {
  expect(places('linux')).toEqual([
    '/etc/xdg/pip/pip.conf',
    '/etc/pip.conf',
    '/home/me/.pip/pip.conf',
    '/home/me/.config/pip/pip.conf',
  ])
  expect(places('linux', { VIRTUAL_ENV: '/v', PIP_CONFIG_FILE: '/own' }).slice(-2)).toEqual(['/v/pip.conf', '/own'])
  expect(places('linux', { PIP_CONFIG_FILE: '/dev/null' })).toEqual([])
  expect(places('darwin')).toContain('/home/me/Library/Application Support/pip/pip.conf')
})

test('a `%` and a `#` inside a value stay', () => {
  expect(parsePipConfiguration('[global]\nindex-url = https://me:p%40w#x@one.example/\n').get('index-url')).toBe(
    'https://me:p%40w#x@one.example/',
  )
})

test('netrc: quotes, comments, macros and the default', () => {
  expect(
    parseNetrc(
      'machine a login me password "x y" # mine\nmacdef init\nmachine not\npassword no\n\nmachine b account z login you password #5\ndefault login any password one\n',
    ),
  ).toEqual([
    { machine: 'a', login: 'me', password: 'x y' },
    { machine: 'b', login: 'you', password: '#5' },
    { login: 'any', password: 'one' },
  ])
})

test('what is shown of a URL has no user, password, query or fragment', () => {
  expect(redactUrl('https://me:secret@x.example/simple/?token=secret#secret')).toBe('https://x.example/simple/')
  expect(redactUrl('//me:secret@x y/')).toBe('//x y/')
})
