import { mkdirSync, mkdtempSync, realpathSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { sha256 } from '../../src/base/digest.ts'
import { formatRecord, recordDigest } from '../../src/pypa/record.ts'
import { archiveBytes } from '../../src/zip/writer.ts'

/** What a wheel for a test holds. */
export interface WheelSpec {
  readonly name: string
  readonly version?: string
  /** `py3-none-any` */
  readonly tag?: string
  /** Paths in the wheel; those that begin with `.data/` go to its data folder, those with `.dist-info/` to its metadata. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>
  readonly executable?: readonly string[]
  readonly requires?: readonly string[]
  readonly requiresPython?: string
}

export interface MadeWheel {
  readonly filename: string
  readonly path: string
  readonly sha256: string
  readonly sizeBytes: number
}

/** Writes a real wheel with a true RECORD into `folder`. */
export function wheel(folder: string, spec: WheelSpec): MadeWheel {
  const { version = '1.0', tag = 'py3-none-any' } = spec
  const base = `${spec.name.replace(/[-.]+/g, '_')}-${version}`
  const files = new Map<string, Buffer>()
  const add = (path: string, content: string | Uint8Array): void => {
    const place = path.startsWith('.data/') || path.startsWith('.dist-info/') ? base + path : path
    files.set(place, Buffer.from(content))
  }
  add(
    '.dist-info/METADATA',
    [
      'Metadata-Version: 2.1',
      `Name: ${spec.name}`,
      `Version: ${version}`,
      ...(spec.requiresPython ? [`Requires-Python: ${spec.requiresPython}`] : []),
      ...(spec.requires ?? []).map((requirement) => `Requires-Dist: ${requirement}`),
      '',
    ].join('\n'),
  )
  add('.dist-info/WHEEL', `Wheel-Version: 1.0\nGenerator: zipyard-test\nRoot-Is-Purelib: true\nTag: ${tag}\n`)
  for (const [path, content] of Object.entries(
    spec.files ?? { [`${spec.name.replace(/[-.]+/g, '_')}.py`]: `version = '${version}'\n` },
  ))
    add(path, content)
  const record = `${base}.dist-info/RECORD`
  const rows = [...files].map(([path, bytes]) => ({
    path,
    algorithm: 'sha256',
    digest: recordDigest(sha256(bytes)),
    sizeBytes: bytes.length,
  }))
  files.set(record, Buffer.from(formatRecord([...rows, { path: record }])))
  const archive = archiveBytes(
    [...files].map(([path, bytes]) => ({
      path,
      bytes,
      mode: spec.executable?.some((name) => path.endsWith(name)) ? 0o755 : 0o644,
    })),
  )
  const filename = `${base}-${tag}.whl`
  const path = join(folder, filename)
  mkdirSync(folder, { recursive: true })
  writeFileSync(path, archive)
  return { filename, path, sha256: sha256(archive), sizeBytes: archive.length }
}

/** A `pylock.toml` that locks wheels on disk. */
export function pylockOf(wheels: readonly MadeWheel[]): string {
  const packages = wheels.map((made) => {
    const [name, version] = made.filename.split('-')
    return `[[packages]]\nname = "${name!.replaceAll('_', '-').toLowerCase()}"\nversion = "${version}"\nwheels = [{ name = "${made.filename}", path = "${made.path}", size = ${made.sizeBytes}, hashes = { sha256 = "${made.sha256}" } }]\n`
  })
  return `lock-version = "1.0"\ncreated-by = "test"\n${packages.length === 0 ? 'packages = []\n' : `\n${packages.join('\n')}`}`
}

/** A folder with these files, its path without symbolic links. */
export function projectFolder(files: Readonly<Record<string, string | Uint8Array>>): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'zipyard-project-')))
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), content)
  }
  return folder
}
