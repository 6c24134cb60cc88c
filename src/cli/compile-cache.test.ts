import { expect, test } from 'vitest'
import { compiledCodeFile, enableCompileCache } from './compile-cache.ts'

function folderFor(environment: Record<string, string>): string | undefined {
  let chosen: string | undefined
  enableCompileCache(environment, (folder) => (chosen = folder))
  return chosen
}

test("compiled JavaScript is kept in the user's own cache folder, never in a shared one", () => {
  const environment = { XDG_CACHE_HOME: '/home/ana/.cache', ZIPYARD_CACHE_DIR: '/shared/cache', TMPDIR: '/shared/tmp' }
  expect(folderFor(environment)).toBe('/home/ana/.cache/zipyard/compiled-javascript')
})

test('where Node was told a folder for it, that one stays', () => {
  expect(folderFor({ NODE_COMPILE_CACHE: '/elsewhere' })).toBeUndefined()
})

test('each command keeps its own compiled code, named so that nothing else can come of what was typed', () => {
  const environment = { XDG_CACHE_HOME: '/home/ana/.cache', ZIPYARD_CACHE_DIR: '/shared/cache' }
  const named = (...args: string[]): string =>
    compiledCodeFile(environment, args, '/usr/lib/zipyard')!.replace(/-[0-9a-f]+\.bin$/, '')
  const start = (name: string): string =>
    `/home/ana/.cache/zipyard/compiled-javascript/${name}-${process.version}-${process.arch}`
  expect(named('build', '--quiet')).toBe(start('build'))
  expect(named('../../x')).toBe(start('other'))
  expect(named('build', '--help')).toBe(start('help'))
  expect(named()).toBe(start('other'))
})

test('two installations do not overwrite what the other one keeps', () => {
  const file = (folder: string): string => compiledCodeFile({ XDG_CACHE_HOME: '/c' }, ['build'], folder)!
  expect(file('/usr/lib/zipyard')).not.toBe(file('/home/ana/project/node_modules/zipyard'))
  expect(file('/usr/lib/zipyard')).toBe(file('/usr/lib/zipyard'))
})

test('nothing is kept where Node was told so, or where coverage is recorded', () => {
  expect(compiledCodeFile({ NODE_DISABLE_COMPILE_CACHE: '1' }, ['build'], '/x')).toBeUndefined()
  expect(compiledCodeFile({ NODE_V8_COVERAGE: '/tmp/x' }, ['build'], '/x')).toBeUndefined()
})
