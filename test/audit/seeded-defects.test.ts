/** Defects sown into packages of real wheels, each family in several shapes: every one is found, and the package without it has no error. */
import { beforeAll, describe, expect, test } from 'vitest'
import type { SpliceEntry } from '../../src/zip/plan.ts'
import { elf } from '../kit/elf.ts'
import { bytesOf, checkReal, fetchWheels, type RealCheck } from '../kit/real-package.ts'

type Shape = readonly [name: string, code: string, seeded: RealCheck]

const source = (imported: string): string => `${imported}\n\ndef main(event, context):\n    return 1\n`
const app = (imported: string) => ({ 'app.py': source(imported) })
const requests = ['requests==2.32.5', 'urllib3==2.5.0', 'idna==3.11', 'certifi==2025.11.12', 'charset-normalizer==3.4.4'] // prettier-ignore
const arm64 = { runtime: 'python3.11', architecture: 'arm64' } as const
const python310 = { runtime: 'python3.10', architecture: 'x86_64' } as const
const python313 = { runtime: 'python3.13', architecture: 'x86_64' } as const

/** A function with compiled Rust, C behind `cffi`, abi3 and pure code: the ground that defects are sown in. */
const sound: RealCheck = {
  handler: 'app.main',
  wheels: [...requests, 'bcrypt==4.1.3', 'orjson==3.11.4', 'cffi==1.17.1', 'pycparser==2.22'],
  files: app('import bcrypt, cffi, orjson, requests'),
}
const on = (path: RegExp, change: (entry: SpliceEntry) => SpliceEntry | undefined): RealCheck => ({
  ...sound,
  change: (entry) => (path.test(entry.path) ? change(entry) : entry),
})
const leave = (path: RegExp): RealCheck => on(path, () => undefined)
const mode = (path: RegExp, bits: number): RealCheck => on(path, (entry) => ({ ...entry, mode: bits }))
const moved = (prefix: string, handler = 'app.main'): RealCheck => ({
  ...sound,
  handler,
  change: (entry) => ({ ...entry, path: prefix + entry.path }),
})
const withApp = (imported: string, more: Partial<RealCheck> = {}): RealCheck => ({ ...sound, files: app(imported), ...more }) // prettier-ignore
const withHandler = (handler: string, text = source('import requests')): RealCheck => ({ ...sound, handler, files: { 'app.py': text } }) // prettier-ignore
const extension = (shape: Parameters<typeof elf>[0]) => ({ ...app('import own'), 'own.so': elf({ ...shape, extension: true }) }) // prettier-ignore
const patched = (path: RegExp, patch: (bytes: Buffer) => Buffer): RealCheck => on(path, (entry) => ({ ...entry, source: { bytes: patch(bytesOf(entry)) } })) // prettier-ignore

/** A symbol version replaced by a newer one of the same length: what a newer system would have linked. */
const newer = (bytes: Buffer): Buffer => {
  const text = bytes.toString('latin1')
  const version = /\0GLIBC_2\.\d\d(?=\0)/
  if (!version.test(text)) throw new Error('it has no symbol version to replace')
  return Buffer.from(text.replace(version, '\0GLIBC_2.38'), 'latin1')
}
const machine =
  (id: number) =>
  (bytes: Buffer): Buffer => (bytes.writeUInt16LE(id, 18), bytes)

const families: Readonly<Record<string, readonly Shape[]>> = {
  'wrong architecture': [
    ['all wheels of the other one', 'ZY1301', { ...sound, target: arm64, from: { architecture: 'x86_64' } }],
    ['an abi3 extension', 'ZY1301', patched(/^bcrypt\/_bcrypt\.abi3\.so$/, machine(183))],
    ['a tagged extension', 'ZY1301', patched(/^_cffi_backend\.cpython/, machine(183))],
    ['a library that an extension needs', 'ZY1301', { ...sound, files: { ...extension({ needed: ['libown.so.1'], runpath: '$ORIGIN' }), 'libown.so.1': elf({ machine: 183 }) } }], // prettier-ignore
    ['32 bits', 'ZY1301', { ...sound, files: extension({ bits: 32, machine: 3 }) }],
    ['in a layer', 'ZY1301', { ...sound, wheels: requests, layers: [{ wheels: ['bcrypt==4.1.3', 'orjson==3.11.4', 'cffi==1.17.1', 'pycparser==2.22'], from: { architecture: 'arm64' }, change: (entry) => ({ ...entry, path: `python/${entry.path}` }) }] }], // prettier-ignore
    ['of another Python', 'ZY1305', { ...sound, target: python313, from: { runtime: 'python3.11' } }],
  ],
  'glibc too new': [
    ['GLIBC', 'ZY1302', patched(/^bcrypt\/_bcrypt\.abi3\.so$/, newer)],
    ['in a tagged extension', 'ZY1302', patched(/^_cffi_backend\.cpython/, newer)],
    ['GLIBCXX', 'ZY1302', { ...sound, files: extension({ versions: { 'libstdc++.so.6': ['GLIBCXX_3.4.30'] } }) }],
    ['CXXABI', 'ZY1302', { ...sound, files: extension({ versions: { 'libstdc++.so.6': ['CXXABI_1.3.13'] } }) }],
    ['relative relocations packed anew', 'ZY1302', { ...sound, files: extension({ versions: { 'libc.so.6': ['GLIBC_ABI_DT_RELR'] } }) }], // prettier-ignore
  ],
  'missing library': [
    [
      'a vendored one taken away',
      'ZY1303',
      { ...leave(/^psycopg2_binary\.libs\/libpq/), wheels: ['psycopg2-binary==2.9.9'], files: app('import psycopg2') },
    ],
    ['OpenGL', 'ZY1303', { ...sound, files: extension({ needed: ['libGL.so.1'] }) }],
    ['PostgreSQL', 'ZY1303', { ...sound, files: extension({ needed: ['libpq.so.5'] }) }],
    ['the OpenSSL of another system', 'ZY1303', { ...sound, target: python313, files: extension({ needed: ['libssl.so.10'] }) }], // prettier-ignore
    ['where the loader does not look', 'ZY1304', { ...sound, files: { ...extension({ needed: ['libown.so.1'] }), 'vendor/libown.so.1': elf({ soname: 'libown.so.1' }) } }], // prettier-ignore
    ['for Alpine', 'ZY1303', { ...sound, files: extension({ needed: ['libc.musl-x86_64.so.1'] }) }],
  ],
  'missing import': [
    ['of the handler', 'ZY1401', withApp('import yaml')],
    ['of what it imports', 'ZY1401', leave(/^certifi[/-]/)],
    ['by a computed name', 'ZY1406', leave(/^idna[/-]/)],
    ['behind a fallback', 'ZY1406', leave(/^pycparser[/-]/)],
    ['an extension module', 'ZY1405', leave(/^bcrypt\/_bcrypt\.abi3/)],
    ['an own submodule', 'ZY1405', { ...sound, files: { ...app('import shared.models'), 'shared/__init__.py': '', 'shared/other.py': '' } }], // prettier-ignore
    [
      'removed from the standard library',
      'ZY1403',
      withApp('import distutils', { target: python313, wheels: requests }),
    ],
    ['not yet in the standard library', 'ZY1404', withApp('import tomllib', { target: python310, wheels: requests })],
    ['only when the function runs', 'ZY1402', withApp('def later():\n    import pandas')],
  ],
  'bad mode': [
    ['the handler, 0600', 'ZY1501', mode(/^app\.py$/, 0o600)],
    ['a module that is imported, 0640', 'ZY1501', mode(/^requests\/api\.py$/, 0o640)],
    ['an extension module, 0700', 'ZY1501', mode(/^bcrypt\/_bcrypt/, 0o700)],
    ['everything, 0200', 'ZY1501', mode(/./, 0o200)],
    ['data, 0600', 'ZY1502', mode(/^certifi\/cacert\.pem$/, 0o600)],
  ],
  'nested root': [
    ['a folder around everything', 'ZY1103', moved('my-function/')],
    ['two folders', 'ZY1103', moved('build/package/')],
    ['the layout of a layer', 'ZY1103', moved('python/')],
    ['the layout of a virtual environment', 'ZY1103', moved('lib/python3.11/site-packages/')],
    ['a handler in a package', 'ZY1103', { ...moved('src/', 'api.app.main'), files: { 'api/app.py': source('import requests'), 'api/__init__.py': '' } }], // prettier-ignore
  ],
  'wrong handler': [
    ['a module misspelled', 'ZY1102', withHandler('ap.main')],
    ['a module in other letters', 'ZY1102', withHandler('App.main')],
    ['the file name', 'ZY1102', withHandler('app.py.main')],
    ['no dot', 'ZY1101', withHandler('main')],
    ['a function misspelled', 'ZY1104', withHandler('app.mian')],
    [
      'a function inside another',
      'ZY1104',
      withHandler('app.main', 'def outer():\n    def main(event, context): ...\n'),
    ],
    ['async', 'ZY1106', withHandler('app.main', 'async def main(event, context): ...\n')],
    ['one parameter', 'ZY1107', withHandler('app.main', 'def main(event): ...\n')],
    ['three parameters', 'ZY1107', withHandler('app.main', 'def main(event, context, more): ...\n')],
    ['a class', 'ZY1108', withHandler('app.main', 'class main: ...\n')],
    ['a built-in module', 'ZY1105', { ...sound, handler: 'time.main', files: { 'time.py': source('') } }],
  ],
}

const all = Object.values(families).flat()
beforeAll(() => fetchWheels([sound, { ...sound, target: python313 }, ...all.map(([, , seeded]) => seeded)]), 900_000)

test('the package that defects are sown in has no error, for either architecture and two Pythons', async () => {
  for (const target of [undefined, arm64, python313]) {
    const { findings } = await checkReal({ ...sound, ...(target && { target }) })
    expect(findings.filter(({ severity }) => severity === 'error')).toEqual([])
  }
})

describe.each(Object.entries(families))('%s', (_, shapes) => {
  test.each(shapes)('%s: %s', async (_name, code, seeded) => {
    expect((await checkReal(seeded)).codes).toContain(code)
  })
})
