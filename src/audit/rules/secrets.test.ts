import { expect, test } from 'vitest'
import { check, type Files } from '../../../test/kit/check.ts'

const secrets = (files: Files): readonly string[] =>
  check(files)
    .findings.filter((finding) => finding.code === 'ZY1801')
    .map((finding) => finding.sentence)
const key = ['AKIA', 'J7QZ4M2XK5WPL3TB'].join('')
const armour = (kind: string): string => `-----BEGIN ${kind} KEY-----\nMIIEow\n-----END ${kind} KEY-----\n`

test.each<readonly [string, string, string]>([
  ['.env', 'PASSWORD=1', '`.env` looks like an environment file'],
  ['config/.env.production', 'A=1', '`config/.env.production` looks like an environment file'],
  ['id_ed25519', 'x', '`id_ed25519` looks like a private SSH key'],
  ['.aws/credentials', '[default]', '`.aws/credentials` looks like AWS credentials'],
  ['.netrc', 'x', '`.netrc` looks like stored passwords'],
  ['cert.pem', armour('RSA PRIVATE'), '`cert.pem` line 1 looks like a private key'],
  ['settings.py', `import os\nKEY = "${key}"\n`, '`settings.py` line 2 looks like an AWS access key id'],
  [
    'config.json',
    `{"aws_secret_access_key": "${'abCD12+/'.repeat(5)}"}`,
    '`config.json` line 1 looks like an AWS secret access key',
  ],
  ['ci.yml', `token: ${['ghp', 'a1B2'.repeat(9)].join('_')}`, '`ci.yml` line 1 looks like a GitHub token'],
])('%s is found', (path, content, sentence) => {
  expect(secrets({ [path]: content })).toEqual([sentence])
})

test.each<readonly [string, string]>([
  ['.env.example', 'PASSWORD=changeme'],
  ['README.md', 'Use AKIAIOSFODNN7EXAMPLE and wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'],
  ['cert.pem', armour('PUBLIC').replace(' KEY', ' KEY')],
  ['app.py', 'SECRET_NAME = os.environ["SECRET_NAME"]\nimport secrets\n'],
  ['hash.txt', 'da39a3ee5e6b4b0d3255bfef95601890afd80709'],
])('%s is none', (path, content) => {
  expect(secrets({ [path]: content })).toEqual([])
})

test('distributions are not searched, and the value is in no finding', () => {
  expect(
    secrets({
      'dep/key.pem': armour('RSA PRIVATE'),
      'dep-1.dist-info/METADATA': 'Name: dep\nVersion: 1',
      'dep-1.dist-info/RECORD': 'dep/key.pem,,\n',
    }),
  ).toEqual([])
  expect(JSON.stringify(check({ 'settings.py': `KEY = "${key}"` }).findings)).not.toContain(key)
})

test('a file with a secret is still followed for its imports', () => {
  expect(
    check({ 'app.py': `import yaml\nKEY = "${key}"\ndef main(e, c): ...` }, { handler: 'app.main' }).codes,
  ).toEqual(['ZY1401', 'ZY1801'])
})
