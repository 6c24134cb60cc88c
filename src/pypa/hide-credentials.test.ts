import { expect, test } from 'vitest'
import { hideCredentials } from './hide-credentials.ts'

test.each([
  ['https://me:secret@host/x', 'https://host/x'],
  ['https://TOKEN@host/x', 'https://host/x'],
  ['https://me:se@cret@host/x', 'https://host/x'],
  ['a https://me:secret@one/ b git+https://me:secret@two/', 'a https://one/ b git+https://two/'],
  ['git+ssh://git@host/r', 'git+ssh://git@host/r'],
  ['ssh://me:secret@host/r', 'ssh://me@host/r'],
  ['https://host/a@b', 'https://host/a@b'],
  ['git@host:org/r.git', 'git@host:org/r.git'],
  ['user@example.org', 'user@example.org'],
])('`%s` is shown as `%s`', (text, shown) => {
  expect(hideCredentials(text)).toBe(shown)
})
