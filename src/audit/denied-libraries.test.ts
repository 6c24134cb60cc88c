import { expect, test } from 'vitest'
import { packageOf } from '../../test/kit/check.ts'
import { elf } from '../../test/kit/elf.ts'
import { checkPackage } from './check-package.ts'
import { deniedLibraries } from './denied-libraries.ts'

const file = (path: string, versions: Record<string, string[]>, needed: string[] = []) => ({ path, needed, versions })

test('a library that needs a newer glibc than the runtime has is refused in the words of the loader', () => {
  const files = [
    file('fast.abi3.so', { 'libc.so.6': ['GLIBC_2.2.5', 'GLIBC_2.28', 'GLIBC_2.34'] }),
    file('old.so', { 'libc.so.6': ['GLIBC_2.2.5', 'GLIBC_2.17'] }),
  ]
  expect(deniedLibraries(files, '/var/task', 'python3.11')).toEqual({
    '/var/task/fast.abi3.so': "/lib64/libc.so.6: version `GLIBC_2.28' not found (required by /var/task/fast.abi3.so)",
  })
  expect(deniedLibraries(files, '/var/task', 'python3.12')).toEqual({})
})

test('libstdc++ is compared by its own versions, and private versions by none', () => {
  const files = [
    file('a.so', {
      'libstdc++.so.6': ['GLIBCXX_3.4.30', 'CXXABI_1.3'],
      'libfoo.so': ['FOO_99.0'],
      'libc.so.6': ['GLIBC_PRIVATE'],
    }),
  ]
  expect(deniedLibraries(files, '/opt', 'python3.13')).toEqual({
    '/opt/a.so': "/lib64/libstdc++.so.6: version `GLIBCXX_3.4.30' not found (required by /opt/a.so)",
  })
})

test('what needs a refused library is refused with the same sentence, however far away', () => {
  const files = [
    file('pkg/one.so', {}, ['libtwo.so.1']),
    file('pkg.libs/libtwo.so.1', {}, ['libthree-abc.so']),
    file('pkg.libs/libthree-abc.so', { 'libm.so.6': ['GLIBC_2.35'] }),
    file('pkg/other.so', {}, ['libz.so.1']),
  ]
  const sentence = "/lib64/libm.so.6: version `GLIBC_2.35' not found (required by /var/task/pkg.libs/libthree-abc.so)"
  expect(deniedLibraries(files, '/var/task', 'python3.12')).toEqual({
    '/var/task/pkg/one.so': sentence,
    '/var/task/pkg.libs/libtwo.so.1': sentence,
    '/var/task/pkg.libs/libthree-abc.so': sentence,
  })
})

test('versions of a copy that the package brings under a name of its own are not compared with the runtime', () => {
  const files = [
    file('pkg/one.so', { 'libstdc++-a1b2c3d4.so.6.0.33': ['GLIBCXX_3.4.33'] }, ['libstdc++-a1b2c3d4.so.6.0.33']),
    file('pkg.libs/libstdc++-a1b2c3d4.so.6.0.33', { 'libc.so.6': ['GLIBC_2.17'] }),
  ]
  expect(deniedLibraries(files, '/var/task', 'python3.11')).toEqual({})
})

const glibc228 = (path: string): string => `/lib64/libc.so.6: version \`GLIBC_2.28' not found (required by ${path})`

test('from the files of a package and its layers: those of the wanted machine, and no others', () => {
  const tooNew = { versions: { 'libc.so.6': ['GLIBC_2.28'] }, extension: true }
  const files = { 'fast.so': elf(tooNew), 'old.so': elf({ versions: { 'libc.so.6': ['GLIBC_2.17'] } }), 'arm.so': elf({ ...tooNew, machine: 183 }) } // prettier-ignore
  const layer = { 'python/deep/more.so': elf(tooNew) }
  const denied = (runtime: string): unknown =>
    checkPackage(
      { path: packageOf(files), layers: [packageOf(layer)], runtime, architecture: 'x86_64' },
      { deniedLibraries: true },
    ).deniedLibraries
  expect(denied('python3.11')).toEqual({
    '/var/task/fast.so': glibc228('/var/task/fast.so'),
    '/opt/python/deep/more.so': glibc228('/opt/python/deep/more.so'),
  })
  expect(denied('python3.12')).toEqual({})
})
