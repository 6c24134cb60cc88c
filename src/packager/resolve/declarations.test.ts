import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../../../test/kit/temporary-folder.ts'
import { formatDeclared, readDeclarations, type Declarations } from './declarations.ts'

async function declarationsOf(text: string): Promise<Declarations & { readonly folder: string }> {
  const folder = temporaryFolder()
  const file = join(folder, 'requirements.txt')
  writeFileSync(file, text)
  return { folder, ...(await readDeclarations({ kind: 'requirements', files: [file] }, folder, {})) }
}

test.each([
  ['-e ./lib[b,a]', '-e ./lib[a,b]'],
  ['./lib[a]', './lib[a]'],
  ['./lib', './lib'],
  ['wheels/lib-1.0-py3-none-any.whl[a]', './wheels/lib-1.0-py3-none-any.whl[a]'],
  ['lib[a] @ file:./lib', 'lib[a] @ file:./lib'],
  ['https://x.example/lib-1.0.zip', 'https://x.example/lib-1.0.zip'],
  ['git+https://x.example/o/r.git@v1#egg=lib[a]', 'git+https://x.example/o/r.git@v1#egg=lib[a]'],
  [
    '-e git+https://x.example/o/r.git#egg=lib[a]&subdirectory=py',
    '-e git+https://x.example/o/r.git#egg=lib[a]&subdirectory=py',
  ],
  ['lib[a] @ git+https://x.example/o/r.git#subdirectory=py', 'lib[a] @ git+https://x.example/o/r.git#subdirectory=py'],
])('`%s` is handed to pip as `%s`', async (line, formatted) => {
  const { declared, folder } = await declarationsOf(`${line}\n`)
  expect(formatDeclared(declared[0]!, folder)).toBe(formatted)
})

test('another extra of a local project makes a lock stale, the same lines in another order do not', async () => {
  const digest = async (text: string): Promise<string> => (await declarationsOf(text)).digest
  expect(await digest('-e ./lib[a]\nidna\n')).toBe(await digest('idna\n-e ./lib[a]\n'))
  expect(await digest('-e ./lib[a]\n')).not.toBe(await digest('-e ./lib[a,b]\n'))
  expect(await digest('-e ./lib[a]\n')).not.toBe(await digest('-e ./lib\n'))
})
