import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { build } from '../../src/packager/build.ts'
import { planBuilds, type BuildRequest } from '../../src/packager/plan-builds.ts'
import type { BuildReport } from '../../src/packager/report/report.ts'
import { createBuildSurroundings } from '../../src/packager/surroundings.ts'
import { readEntry } from '../../src/zip/entry-data.ts'
import { permissionsOf } from '../../src/zip/entry.ts'
import { openArchive } from '../../src/zip/reader.ts'
import { projectFolder, pylockOf, wheel, type WheelSpec } from './wheel.ts'

/** A folder of the test file: its cache, and whatever it needs. Gone at the end. */
export const scratch = mkdtempSync(join(tmpdir(), 'zipyard-build-test-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

/** Builds every package that a request asks for. The cache is the test file's own, the audit is off unless asked for. */
export async function buildAll(
  folder: string,
  request: Partial<BuildRequest> = {},
  environment: Readonly<Record<string, string>> = {},
): Promise<readonly BuildReport[]> {
  const surroundings = await createBuildSurroundings({
    environment: {
      PATH: process.env['PATH'],
      HOME: scratch,
      PYENV_ROOT: process.env['PYENV_ROOT'],
      ZIPYARD_CACHE_DIR: join(scratch, 'cache'),
      ...environment,
    },
    offline: request.offline,
  })
  try {
    const reports: BuildReport[] = []
    for (const plan of planBuilds({ workingDirectory: folder, noCheck: true, ...request }))
      reports.push(await build(plan, surroundings))
    return reports
  } finally {
    await surroundings.close()
  }
}

/** Builds the one package that a request asks for. */
export async function buildProject(...args: Parameters<typeof buildAll>): Promise<BuildReport> {
  const [report] = await buildAll(...args)
  return report!
}

/** A project that locks these wheels. */
export function lockedProject(files: Readonly<Record<string, string>>, wheels: readonly WheelSpec[]): string {
  const folder = projectFolder(files)
  const made = wheels.map((spec) => wheel(join(folder, '.cache'), spec))
  writeFileSync(join(folder, 'pylock.toml'), pylockOf(made))
  return folder
}

/** Name and text of every entry, in the archive's order. */
export function contents(path: string): Record<string, string> {
  const { source, listing } = openArchive(path)
  try {
    return Object.fromEntries(listing.entries.map((entry) => [entry.name, readEntry(source, entry).toString('utf8')]))
  } finally {
    source.close()
  }
}

/** Name and permissions of every entry. */
export function modes(path: string): Record<string, string> {
  const { source, listing } = openArchive(path)
  source.close()
  return Object.fromEntries(listing.entries.map((entry) => [entry.name, permissionsOf(entry).toString(8)]))
}
