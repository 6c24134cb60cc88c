import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { checkPackage, type CheckRequest, type CheckResult } from '../../src/audit/check-package.ts'
import { rawZip, type RawEntry } from './raw-zip.ts'
import { temporaryFolder } from './temporary-folder.ts'

export type Files = Readonly<Record<string, string | Uint8Array | Omit<RawEntry, 'name'>>>

export function entriesOf(files: Files): RawEntry[] {
  return Object.entries(files).map(([name, file]) =>
    typeof file === 'string' || file instanceof Uint8Array ? { name, bytes: file } : { name, ...file },
  )
}

/** Packs files into a zip on disk and returns its path. */
export function packageOf(files: Files | readonly RawEntry[], name = 'package.zip'): string {
  const path = join(temporaryFolder(), name)
  writeFileSync(path, rawZip(Array.isArray(files) ? files : entriesOf(files as Files)))
  return path
}

/** Checks a package made of these files; python3.13 on x86_64 unless told. */
export function check(
  files: Files | readonly RawEntry[],
  request: Partial<Omit<CheckRequest, 'path' | 'layers'>> & {
    readonly layers?: readonly Files[]
    readonly today?: Date
  } = {},
): CheckResult & { readonly codes: readonly string[] } {
  const { layers = [], today = new Date('2026-11-22'), ...rest } = request
  const result = checkPackage(
    {
      path: packageOf(files),
      runtime: 'python3.13',
      architecture: 'x86_64',
      layers: layers.map((layer) => packageOf(layer)),
      ...rest,
    },
    { today },
  )
  return { ...result, codes: result.findings.map((finding) => finding.code) }
}
