import { expect, test } from 'vitest'
import { check, type Files } from '../../../test/kit/check.ts'
import { elf } from '../../../test/kit/elf.ts'
import type { CheckRequest } from '../check-package.ts'

const app = 'import ext\ndef main(event, context): ...\n'
const extension = (shape: Parameters<typeof elf>[0] = {}): Buffer =>
  elf({ extension: true, needed: ['libc.so.6'], ...shape })
const machO = Buffer.concat([Buffer.from('cffaedfe0c000001', 'hex'), Buffer.alloc(64)])
const pe = Buffer.concat([Buffer.from('MZ'), Buffer.alloc(64)])
const tagged = '.cpython-313-x86_64-linux-gnu.so'
const dist = (name: string, files: Files): Files => ({
  ...files,
  [`${name}-1.0.dist-info/METADATA`]: `Name: ${name}\nVersion: 1.0\n`,
  [`${name}-1.0.dist-info/RECORD`]: Object.keys(files)
    .map((path) => `${path},,\n`)
    .join(''),
})

function native(files: Files, request: Partial<CheckRequest> = {}): readonly string[] {
  const { layers: _layers, ...rest } = request
  return check({ 'app.py': app, ...files }, { handler: 'app.main', ...rest })
    .findings.filter((finding) => /^ZY1[34]/.test(finding.code))
    .map((finding) => `${finding.code} ${finding.sentence}`)
}

test.each<readonly [string, Files, Partial<CheckRequest>]>([
  ['its own tag', { [`ext${tagged}`]: extension() }, {}],
  ['the stable ABI', { 'ext.abi3.so': extension() }, {}],
  ['no tag', { 'ext.so': extension() }, {}],
  [
    'the other architecture, for it',
    { 'ext.cpython-313-aarch64-linux-gnu.so': extension({ machine: 183 }) },
    { architecture: 'arm64' },
  ],
  ['builds for several Pythons', { [`ext${tagged}`]: extension(), 'ext.abi3.so': extension() }, {}],
  [
    'a library beside it',
    { 'ext.so': extension({ needed: ['libfoo.so.1'], runpath: '$ORIGIN' }), 'libfoo.so.1': elf() },
    {},
  ],
  [
    'a library through a parent folder',
    {
      'ext/__init__.py': 'from . import _c',
      'ext/_c.so': extension({ needed: ['libfoo-1a2b.so'], rpath: '$ORIGIN/../ext.libs' }),
      'ext.libs/libfoo-1a2b.so': elf(),
    },
    {},
  ],
  [
    'a library in lib/, which is on LD_LIBRARY_PATH',
    { 'ext.so': extension({ needed: ['libfoo.so.1'] }), 'lib/libfoo.so.1': elf() },
    {},
  ],
  [
    'old symbol versions',
    {
      'ext.so': extension({
        versions: { 'libc.so.6': ['GLIBC_2.17', 'GLIBC_2.34'], 'libstdc++.so.6': ['GLIBCXX_3.4.29', 'CXXABI_1.3.13'] },
      }),
    },
    {},
  ],
  [
    'new symbol versions of a library that the package brings',
    {
      'ext.so': extension({
        needed: ['libstdc++.so.6'],
        rpath: '$ORIGIN',
        versions: { 'libstdc++.so.6': ['GLIBCXX_3.4.32'] },
      }),
      'libstdc++.so.6': elf(),
    },
    {},
  ],
])('an extension module with %s loads', (_, files, request) => {
  expect(native(files, request)).toEqual([])
})

test.each<readonly [string, Files, Partial<CheckRequest>, readonly string[]]>([
  [
    'for the other architecture',
    { 'ext.so': extension({ machine: 183 }) },
    {},
    ['ZY1301 `ext.so` is for arm64, the function runs on x86_64'],
  ],
  [
    'of 32 bits',
    { 'ext.so': extension({ bits: 32, machine: 3 }) },
    {},
    ['ZY1301 `ext.so` is for 32-bit x86, the function runs on x86_64'],
  ],
  [
    'tagged for the other architecture',
    { [`ext${tagged}`]: extension() },
    { architecture: 'arm64' },
    [`ZY1301 \`ext${tagged}\` is for x86_64, the function runs on arm64`],
  ],
  [
    'for another Python',
    { 'ext.cpython-311-x86_64-linux-gnu.so': extension() },
    {},
    [
      'ZY1305 `ext` is only there as `ext.cpython-311-x86_64-linux-gnu.so`, the function looks for `.cpython-313-x86_64-linux-gnu.so`',
    ],
  ],
  [
    'for free-threaded Python',
    { 'ext.cpython-313t-x86_64-linux-gnu.so': extension() },
    {},
    [
      'ZY1305 `ext` is only there as `ext.cpython-313t-x86_64-linux-gnu.so`, the function looks for `.cpython-313-x86_64-linux-gnu.so`',
    ],
  ],
  [
    'for macOS',
    { 'ext.cpython-313-darwin.so': machO },
    {},
    ['ZY1306 `ext.cpython-313-darwin.so` is for macOS, Lambda runs Linux'],
  ],
  [
    'for macOS under the stable ABI',
    { 'ext.abi3.so': machO },
    {},
    ['ZY1306 `ext.abi3.so` is for macOS, Lambda runs Linux'],
  ],
  [
    'for Windows',
    { 'ext.cp313-win_amd64.pyd': pe },
    {},
    ['ZY1306 `ext.cp313-win_amd64.pyd` is for Windows, Lambda runs Linux'],
  ],
  [
    'that needs a newer glibc',
    { 'ext.so': extension({ versions: { 'libc.so.6': ['GLIBC_2.28', 'GLIBC_2.38'] } }) },
    {},
    ['ZY1302 `ext.so` needs GLIBC_2.38 of `libc.so.6`, `python3.13` has up to GLIBC_2.34'],
  ],
  [
    'that needs a newer glibc than Amazon Linux 2 has',
    { 'ext.so': extension({ versions: { 'libc.so.6': ['GLIBC_2.28'] } }) },
    { runtime: 'python3.11' },
    ['ZY1302 `ext.so` needs GLIBC_2.28 of `libc.so.6`, `python3.11` has up to GLIBC_2.26'],
  ],
  [
    'that needs a newer libm',
    { 'ext.so': extension({ versions: { 'libm.so.6': ['GLIBC_2.35'] } }) },
    {},
    ['ZY1302 `ext.so` needs GLIBC_2.35 of `libm.so.6`, `python3.13` has up to GLIBC_2.34'],
  ],
  [
    'with packed relocations',
    { 'ext.so': extension({ versions: { 'libc.so.6': ['GLIBC_ABI_DT_RELR'] } }) },
    {},
    [
      'ZY1302 `ext.so` needs GLIBC_ABI_DT_RELR of `libc.so.6`, `python3.13` has up to GLIBC_2.34'.replace(
        'GLIBC_ABI_DT_RELR of',
        'GLIBC_ABI_DT_RELR of',
      ),
    ],
  ],
  [
    'that needs a newer libstdc++',
    { 'ext.so': extension({ versions: { 'libstdc++.so.6': ['GLIBCXX_3.4.30'] } }) },
    {},
    ['ZY1302 `ext.so` needs GLIBCXX_3.4.30 of `libstdc++.so.6`, `python3.13` has up to GLIBCXX_3.4.29'],
  ],
  [
    'that needs a newer C++ ABI',
    { 'ext.so': extension({ versions: { 'libstdc++.so.6': ['CXXABI_1.3.15'] } }) },
    {},
    ['ZY1302 `ext.so` needs CXXABI_1.3.15 of `libstdc++.so.6`, `python3.13` has up to CXXABI_1.3.13'],
  ],
  [
    "whose newer libstdc++ comes after the system's",
    {
      'ext.so': extension({
        needed: ['libstdc++.so.6'],
        runpath: '$ORIGIN',
        versions: { 'libstdc++.so.6': ['GLIBCXX_3.4.32'] },
      }),
      'libstdc++.so.6': elf(),
    },
    {},
    ['ZY1302 `ext.so` needs GLIBCXX_3.4.32 of `libstdc++.so.6`, `python3.13` has up to GLIBCXX_3.4.29'],
  ],
  [
    'that needs OpenGL',
    { 'ext.so': extension({ needed: ['libGL.so.1'] }) },
    {},
    ['ZY1303 `ext.so` needs `libGL.so.1`, which is neither in the package nor on `python3.13`'],
  ],
  [
    'that needs the old libcrypt',
    { 'ext.so': extension({ needed: ['libcrypt.so.1'] }) },
    {},
    ['ZY1303 `ext.so` needs `libcrypt.so.1`, which is neither in the package nor on `python3.13`'],
  ],
  [
    'that needs PostgreSQL',
    { 'ext.so': extension({ needed: ['libpq.so.5'] }) },
    {},
    ['ZY1303 `ext.so` needs `libpq.so.5`, which is neither in the package nor on `python3.13`'],
  ],
  [
    'for Alpine',
    { 'ext.so': extension({ needed: ['libc.musl-x86_64.so.1'] }) },
    {},
    ['ZY1303 `ext.so` needs `libc.musl-x86_64.so.1`, which is neither in the package nor on `python3.13`'],
  ],
  [
    'that needs something nobody knows',
    { 'ext.so': extension({ needed: ['libsecret-1.so.0'] }) },
    {},
    ['ZY1304 `ext.so` needs `libsecret-1.so.0`, which is not in the package and not known to be on `python3.13`'],
  ],
  [
    'whose library lies where nobody looks',
    { 'ext.so': extension({ needed: ['libfoo.so.1'] }), 'vendor/libfoo.so.1': elf() },
    {},
    ['ZY1304 `ext.so` needs `libfoo.so.1`, which lies at `vendor/libfoo.so.1`, where the loader does not look'],
  ],
  [
    'whose library needs what is missing',
    {
      'ext.so': extension({ needed: ['libfoo.so.1'], runpath: '$ORIGIN' }),
      'libfoo.so.1': elf({ needed: ['libgomp.so.1'] }),
    },
    {},
    ['ZY1303 `libfoo.so.1` needs `libgomp.so.1`, which is neither in the package nor on `python3.13`'],
  ],
  [
    'that was cut short',
    { 'ext.so': extension().subarray(0, 150) },
    {},
    ['ZY1307 `ext.so` is not a whole ELF file: it is cut short'],
  ],
])('an extension module %s is found', (_, files, request, expected) => {
  expect(native(files, request)).toEqual(expected)
})

test('a distribution for the wrong target is told once, with how many of its files', () => {
  const files = dist('fast', {
    'fast/__init__.py': 'from . import _a, _b',
    [`fast/_a${tagged}`]: extension(),
    [`fast/_b${tagged}`]: extension(),
  })
  expect(native({ ...files, 'app.py': 'import fast\ndef main(e, c): ...' }, { architecture: 'arm64' })).toEqual([
    `ZY1301 \`fast/_a${tagged}\` is for x86_64, the function runs on arm64 (and 1 more of \`fast\`)`,
  ])
})

const codesOfFast = (files: Files): readonly string[] =>
  native({ ...files, 'app.py': 'import fast\ndef main(e, c): ...' }, { architecture: 'arm64' }).map((text) =>
    text.slice(0, 6),
  )

test('a speed-up with a fallback is a warning, one that raises again is an error', () => {
  const wrong = { [`fast/_c${tagged}`]: extension() }
  const guarded = dist('fast', {
    'fast/__init__.py': 'try:\n    from ._c import f\nexcept ImportError:\n    def f(): ...\n',
    ...wrong,
  })
  const raising = dist('fast', {
    'fast/__init__.py':
      'try:\n    from ._c import f\nexcept ImportError as e:\n    raise ImportError("broken") from e\n',
    ...wrong,
  })
  expect(codesOfFast(guarded)).toEqual(['ZY1308'])
  expect(codesOfFast(raising)).toEqual(['ZY1301'])
})

test('behind a module that may be missing nothing has to load, but a guard against absence alone lets a broken library through', () => {
  const behind = (caught: string, so: string): readonly string[] =>
    codesOfFast(
      dist('fast', {
        'fast/__init__.py': `try:\n    from .speedups import f\nexcept ${caught}:\n    def f(): ...\n`,
        'fast/speedups.py': 'from ._c import f\n',
        [so]: extension(),
      }),
    )
  expect(behind('ImportError', 'fast/_c.abi3.so')).toEqual(['ZY1308'])
  expect(behind('ModuleNotFoundError', 'fast/_c.abi3.so')).toEqual(['ZY1301'])
  // Python does not even see a file with the tag of another machine.
  expect(behind('ModuleNotFoundError', `fast/_c${tagged}`)).toEqual(['ZY1308'])
})

test('helpers for other machines, which nothing imports, are warnings', () => {
  const files = dist('dbg', {
    'dbg/__init__.py': '',
    'dbg/attach_amd64.so': elf(),
    'dbg/attach_arm64.so': elf({ machine: 183 }),
    'dbg/run.dll': pe,
  })
  expect(native({ ...files, 'app.py': 'import dbg\ndef main(e, c): ...' })).toEqual([
    'ZY1308 `dbg/run.dll` is for Windows and cannot be used by the function (and 1 more of `dbg`)',
  ])
})

test('libraries of a layer are found under /opt/lib', () => {
  const files = { 'app.py': app, 'ext.so': extension({ needed: ['libfoo.so.1'] }) }
  const codes = (layers: Files[]): readonly string[] => check(files, { handler: 'app.main', layers }).codes
  expect(codes([])).toEqual(['ZY1304'])
  expect(codes([{ 'lib/libfoo.so.1': elf() }])).toEqual([])
})

test('a folder of type stubs does not stand for the extension module beside it', () => {
  const files = (tag: string): Files => ({
    'app.py': 'import core\ndef main(event, context): ...\n',
    'core/__init__.py': 'from ._core import Thing\n',
    'core/_core/__init__.pyi': 'class Thing: ...\n',
    [`core/_core.cpython-313-${tag}-linux-gnu.so`]: extension({ machine: tag === 'aarch64' ? 183 : 62 }),
  })
  expect(native(files('x86_64'))).toEqual([])
  expect(native(files('x86_64'), { architecture: 'arm64' })).toEqual([
    'ZY1301 `core/_core.cpython-313-x86_64-linux-gnu.so` is for x86_64, the function runs on arm64',
  ])
})
