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
  const suffix = `-${process.version}-${process.arch}.bin`
  const folder = '/home/ana/.cache/zipyard/compiled-javascript/'
  expect(compiledCodeFile(environment, ['build', '--quiet'])).toBe(`${folder}build${suffix}`)
  expect(compiledCodeFile(environment, ['../../x'])).toBe(`${folder}other${suffix}`)
  expect(compiledCodeFile(environment, ['build', '--help'])).toBe(`${folder}help${suffix}`)
  expect(compiledCodeFile(environment, [])).toBe(`${folder}other${suffix}`)
})

test('nothing is kept where Node was told so, or where coverage is recorded', () => {
  expect(compiledCodeFile({ NODE_DISABLE_COMPILE_CACHE: '1' }, ['build'])).toBeUndefined()
  expect(compiledCodeFile({ NODE_V8_COVERAGE: '/tmp/x' }, ['build'])).toBeUndefined()
})
