import { expect, test } from 'vitest'
import { enableCompileCache } from './compile-cache.ts'

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
