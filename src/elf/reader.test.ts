import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { elf } from '../../test/kit/elf.ts'
import { cases } from '../../test/kit/cases.ts'
import { readElf } from './reader.ts'

test('a library tells its machine, what it needs and where it looks', () => {
  const bytes = elf({
    machine: 183,
    needed: ['libc.so.6', 'libm.so.6'],
    soname: 'libfoo.so.1',
    runpath: '$ORIGIN:$ORIGIN/../lib',
    versions: { 'libc.so.6': ['GLIBC_2.17', 'GLIBC_2.34'], 'libm.so.6': ['GLIBC_2.29'] },
    extension: true,
  })
  expect(readElf(bytes)).toEqual({
    bits: 64,
    endian: 'little',
    machine: 183,
    type: 3,
    needed: ['libc.so.6', 'libm.so.6'],
    soname: 'libfoo.so.1',
    rpath: [],
    runpath: ['$ORIGIN', '$ORIGIN/../lib'],
    isExtensionModule: true,
    versions: { 'libc.so.6': ['GLIBC_2.17', 'GLIBC_2.34'], 'libm.so.6': ['GLIBC_2.29'] },
  })
})

test('a version that is marked weak is not required', () => {
  const bytes = elf({
    needed: ['libc.so.6'],
    versions: { 'libc.so.6': ['GLIBC_2.17', 'GLIBC_2.38'] },
    weakVersions: ['GLIBC_2.38'],
  })
  expect(readElf(bytes)!.versions).toEqual({ 'libc.so.6': ['GLIBC_2.17'] })
})

test('32-bit files and programs are read as well', () => {
  expect(readElf(elf({ bits: 32, machine: 3, needed: ['libc.so.6'] }))).toMatchObject({
    bits: 32,
    machine: 3,
    needed: ['libc.so.6'],
  })
  expect(readElf(elf({ interpreter: '/lib64/ld-linux-x86-64.so.2' }))?.interpreter).toBe('/lib64/ld-linux-x86-64.so.2')
})

test('what is no ELF file is not one', () => {
  expect(readElf(Buffer.from('import json'))).toBeUndefined()
  expect(readElf(Buffer.alloc(0))).toBeUndefined()
})

test('a file cut anywhere is told to be damaged or read as far as it goes, and never throws', () => {
  const bytes = elf({ needed: ['libc.so.6'], versions: { 'libc.so.6': ['GLIBC_2.17'] } })
  for (let end = 4; end < bytes.length - 16; end++)
    expect(readElf(bytes.subarray(0, end))?.damage, `cut at ${end}`).toBeTruthy()
})

test('a segment that the loader cannot map is damage, in its words', () => {
  const file = elf()
  file.writeBigUInt64LE(4096n, 64 + 48)
  expect(readElf(file)!.damage).toBeUndefined()
  file.writeBigUInt64LE(8n, 64 + 16)
  expect(readElf(file)!.damage).toBe('ELF load command address/offset not properly aligned')
})

test('hostile bytes never throw and never take long', () => {
  const whole = elf({
    needed: ['libc.so.6'],
    rpath: '$ORIGIN',
    versions: { 'libc.so.6': ['GLIBC_2.17', 'GLIBC_2.4'], 'libm.so.6': ['GLIBC_2.1'] },
  })
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 12 }), (changes) => {
      const bytes = Buffer.from(whole)
      for (const [at, value] of changes) if (at >= 4) bytes[at] = value
      readElf(bytes)
    }),
    cases(3000),
  )
})

test("readelf says the same of this machine's own libraries", () => {
  const folder = ['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu', '/usr/lib64'].find((path) =>
    existsSync(path),
  )!
  const files = readdirSync(folder)
    .filter((name) => /\.so(\.\d+)*$/.test(name))
    .map((name) => realpathSync(join(folder, name)))
  let compared = 0
  for (const file of [...new Set(files)].slice(0, 60)) {
    const facts = readElf(readFileSync(file))
    if (!facts) continue
    const dynamic = execFileSync('readelf', ['-dW', file], { stdio: ['ignore', 'pipe', 'ignore'] }).toString()
    expect(facts.needed, file).toEqual([...dynamic.matchAll(/\(NEEDED\).*\[(.*)\]/g)].map((match) => match[1]))
    expect(facts.soname, file).toBe(/\(SONAME\).*\[(.*)\]/.exec(dynamic)?.[1])
    const versions = execFileSync('readelf', ['-VW', file], { stdio: ['ignore', 'pipe', 'ignore'] }).toString()
    const needs = versions.slice(versions.indexOf('Version needs section'))
    const names = versions.includes('Version needs section')
      ? [...needs.matchAll(/Name: (\S+)\s+Flags: (\S+)/g)]
          .filter((match) => match[2] !== 'WEAK')
          .map((match) => match[1]!)
      : []
    expect(Object.values(facts.versions).flat().sort(), file).toEqual(names.sort())
    compared += 1
  }
  expect(compared).toBeGreaterThan(20)
})
