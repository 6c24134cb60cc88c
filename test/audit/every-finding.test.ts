/**
 * Every finding that a rule can make, by two packages: one in which it is found, and one that differs from it in a single thing, in which it is not.
 * A rule that is added without its pair, without its page or without its own tests fails here.
 */
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { deflateRawSync } from 'node:zlib'
import { afterAll, expect, test } from 'vitest'
import type { Budget } from '../../src/settings/budget.ts'
import { parseBudget } from '../../src/settings/budget.ts'
import { rules } from '../../src/audit/rules.ts'
import { importFindings, importProof } from '../../src/proof/import-finding.ts'
import type { RunProof } from '../../src/proof/import-proof.ts'
import { checkPackage } from '../../src/audit/check-package.ts'
import { check, entriesOf, type Files } from '../kit/check.ts'
import { temporaryFolder } from '../kit/temporary-folder.ts'
import { elf } from '../kit/elf.ts'
import { rawZip, type RawEntry } from '../kit/raw-zip.ts'

interface Case {
  /** What is in it, by a name of its own: an archive may hold one file twice. */
  readonly files: Files | readonly RawEntry[] | Buffer
  readonly runtime?: string
  readonly architecture?: string
  readonly handler?: string | undefined
  readonly budget?: Budget | undefined
  readonly layers?: readonly Files[]
  readonly today?: Date
}

const main = 'def main(event, context): ...\n'
const megabyte = Buffer.alloc(1_100_000, 'x')
const ext = (shape: Parameters<typeof elf>[0] = {}): Buffer => elf({ extension: true, needed: ['libc.so.6'], ...shape })
const machO = Buffer.concat([Buffer.from('cffaedfe0c000001', 'hex'), Buffer.alloc(64)])
const tool = elf({ interpreter: '/lib64/ld-linux-x86-64.so.2' })
const key = ['AKIA', 'J7QZ4M2XK5WPL3TB'].join('')
const claims = (bytes: number) => ({ directory: { uncompressedBytes: bytes, compressedBytes: 1_000_000 }, dataDescriptor: true }) // prettier-ignore
const meta = (name: string, lines = '', version = '1'): Files => ({
  [`${name}-${version}.dist-info/METADATA`]: `Name: ${name}\nVersion: ${version}\n${lines}`,
})
const record = (name: string, ...paths: readonly string[]): Files => ({
  [`${name}-1.dist-info/RECORD`]: paths.map((path) => `${path},,\n`).join(''),
})
/** A package with this handler and these files. */
const app = (source: string, files: Files = {}): Case => ({ files: { 'app.py': source + main, ...files } })
const raw = (...entries: readonly RawEntry[]): Case => ({ files: [{ name: 'app.py', bytes: main }, ...entries] })
const budget = (given: unknown): Budget | undefined => parseBudget(given, 'budget', '/app/zipyard.toml')
const numpy = app('import numpy\n', { 'numpy/__init__.py': { bytes: Buffer.alloc(50_000, '#'), method: 0 }, ...meta('numpy'), ...record('numpy', 'numpy/__init__.py') }) // prettier-ignore
/** An earlier, smaller package: a folder. */
const baseline = mkdtempSync(join(tmpdir(), 'zipyard-baseline-'))
writeFileSync(join(baseline, 'app.py'), main)
afterAll(() => rmSync(baseline, { recursive: true, force: true }))
const pyc = (magic: number): Buffer => {
  const bytes = Buffer.alloc(32)
  bytes.writeUInt16LE(magic, 0)
  bytes.write('\r\n', 2)
  bytes.writeUInt32LE(1, 4)
  return bytes
}
const sdk = (boto3: string, botocore: string, requires = ''): Files => ({
  'boto3/__init__.py': '',
  'botocore/__init__.py': '',
  'botocore/data/s3/2006-03-01/service-2.json.gz': 'x',
  ...meta('boto3', requires, boto3),
  ...meta('botocore', '', botocore),
})
const unnamed = (one: Case): Case => ({ ...one, handler: undefined })
const named = (handler: string, one: Case): Case => ({ ...one, handler })
const on = (runtime: string, one: Case): Case => ({ ...one, runtime })

const plain = rawZip([{ name: 'app.py', bytes: main }])

/** The same archive with zip64 end records (APPNOTE 4.3.14, 4.3.15) in front of its end. */
const zip64 = ((): Buffer => {
  const [body, end] = [plain.subarray(0, -22), plain.subarray(-22)]
  const record = Buffer.alloc(76)
  record.writeUInt32LE(0x06064b50, 0)
  record.writeBigUInt64LE(44n, 4)
  record.writeUInt16LE(45, 12)
  record.writeUInt16LE(45, 14)
  record.writeBigUInt64LE(1n, 24)
  record.writeBigUInt64LE(1n, 32)
  record.writeBigUInt64LE(BigInt(end.readUInt32LE(12)), 40)
  record.writeBigUInt64LE(BigInt(end.readUInt32LE(16)), 48)
  record.writeUInt32LE(0x07064b50, 56)
  record.writeBigUInt64LE(BigInt(body.length), 64)
  record.writeUInt32LE(1, 72)
  return Buffer.concat([body, record, end])
})()

/** Found in the first, not in the second. */
const pairs: Readonly<Record<string, readonly [found: Case, notFound: Case]>> = {
  ZY1601: [raw({ name: 'a.bin', bytes: 'a', method: 93 }), raw({ name: 'a.bin', bytes: 'a' })],
  ZY1602: [raw({ name: 'a.txt', bytes: 'a' }, { name: 'a.txt', bytes: 'b' }), raw({ name: 'a.txt', bytes: 'a' })],
  ZY1603: [raw({ name: 'A.txt' }, { name: 'a.txt' }), raw({ name: 'A.txt' })],
  ZY1604: [raw({ name: 'a\\b.txt' }), raw({ name: 'a/b.txt' })],
  ZY1605: [raw({ name: 'ü.txt', flags: 0 }), raw({ name: 'ü.txt' })],
  ZY1606: [raw({ name: 'café.txt'.normalize('NFD') }), raw({ name: 'café.txt'.normalize('NFC') })],
  ZY1607: [
    { files: rawZip([{ name: 'app.py', bytes: main }], { prefix: Buffer.from('#!/bin/sh\n') }) },
    { files: plain },
  ],
  ZY1608: [raw({ name: 'pipe', mode: 0o010644 }), raw({ name: 'pipe', mode: 0o100644 })],
  ZY1609: [{ files: zip64 }, { files: plain }],
  ZY1610: [raw({ name: 'link', bytes: 'app.py', mode: 0o120777 }), raw({ name: 'link', bytes: 'app.py' })],
  ZY1611: [raw({ name: 'x.py', bytes: 'x=1', packed: deflateRawSync('x=2') }), raw({ name: 'x.py', bytes: 'x=1' })],
  ZY1001: [app('', { data: claims(262_144_000) }), app('', { data: claims(262_000_000) })],
  ZY1002: [app('', { data: claims(262_000_000) }), app('', { data: claims(100_000_000) })],
  ZY1003: [app('', { data: { bytes: Buffer.alloc(52_428_900), method: 0 } }), app('', { data: { bytes: Buffer.alloc(52_000_000), method: 0 } })], // prettier-ignore
  ZY1004: [{ files: {} }, { files: { 'app.py': main } }],
  ZY1010: [
    { ...numpy, budget: budget({ total: '10 KB' }) },
    { ...numpy, budget: budget({ total: '1 MB' }) },
  ],
  ZY1011: [{ ...numpy, budget: budget({ distributions: { numpy: '10 KB' } }) }, { ...numpy, budget: budget({ distributions: { numpy: '1 MB' } }) }], // prettier-ignore
  ZY1012: [{ ...numpy, budget: budget({ growth: '1 KB', baseline }) }, { ...numpy, budget: budget({ growth: '1 MB', baseline }) }], // prettier-ignore
  ZY1013: [{ ...numpy, budget: budget({ growth: '1 MB', baseline: '/nowhere.zip' }) }, { ...numpy, budget: budget({ growth: '1 MB', baseline }) }], // prettier-ignore
  ZY1101: [named('app', app('')), app('')],
  ZY1102: [named('ap.main', app('')), app('')],
  ZY1103: [{ files: { 'fn/app.py': main } }, { files: { 'app.py': main } }],
  ZY1104: [named('app.handle', app('')), app('')],
  ZY1105: [named('time.main', { files: { 'time.py': main } }), named('clock.main', { files: { 'clock.py': main } })],
  ZY1106: [{ files: { 'app.py': `async ${main}` } }, { files: { 'app.py': main } }],
  ZY1107: [{ files: { 'app.py': 'def main(event): ...' } }, { files: { 'app.py': 'def main(event, context): ...' } }],
  ZY1108: [{ files: { 'app.py': 'class main: ...' } }, { files: { 'app.py': 'main = 1' } }],
  ZY1109: [named('a.b.main', on('python3.8', { files: { 'a/b.py': main, 'a/__init__.py': 'x = 1' } })), named('a.b.main', on('python3.9', { files: { 'a/b.py': main, 'a/__init__.py': 'x = 1' } }))], // prettier-ignore
  ZY1110: [named('a.b.main', on('python3.8', { files: { 'a/b.py': main } })), named('a.b.main', on('python3.8', { files: { 'a/b.py': main, 'a/__init__.py': '' } }))], // prettier-ignore
  ZY1111: [unnamed(app('')), app('')],
  ZY1301: [app('import ext\n', { 'ext.so': ext({ machine: 183 }) }), app('import ext\n', { 'ext.so': ext() })],
  ZY1302: [app('import ext\n', { 'ext.so': ext({ versions: { 'libc.so.6': ['GLIBC_2.38'] } }) }), app('import ext\n', { 'ext.so': ext({ versions: { 'libc.so.6': ['GLIBC_2.34'] } }) })], // prettier-ignore
  ZY1303: [app('import ext\n', { 'ext.so': ext({ needed: ['libGL.so.1'] }) }), app('import ext\n', { 'ext.so': ext({ needed: ['libz.so.1'] }) })], // prettier-ignore
  ZY1304: [app('import ext\n', { 'ext.so': ext({ needed: ['libfoo.so.1'] }) }), app('import ext\n', { 'ext.so': ext({ needed: ['libfoo.so.1'] }), 'lib/libfoo.so.1': elf() })], // prettier-ignore
  ZY1305: [app('import ext\n', { 'ext.cpython-311-x86_64-linux-gnu.so': ext() }), app('import ext\n', { 'ext.cpython-313-x86_64-linux-gnu.so': ext() })], // prettier-ignore
  ZY1306: [app('import ext\n', { 'ext.so': machO }), app('import ext\n', { 'ext.so': ext() })],
  ZY1307: [app('', { 'lib/libfoo.so': elf({ soname: 'libfoo.so' }).subarray(0, 80) }), app('', { 'lib/libfoo.so': elf({ soname: 'libfoo.so' }) })], // prettier-ignore
  ZY1308: [app('', { 'bin/tool.so': elf({ machine: 183 }) }), app('', { 'bin/tool.so': elf() })],
  ZY1401: [app('import yaml\n'), app('import yaml\n', { 'yaml.py': '' })],
  ZY1402: [app('def f():\n  import yaml\n'), app('def f():\n  import yaml\n', { 'yaml.py': '' })],
  ZY1403: [app('import distutils\n'), on('python3.11', app('import distutils\n'))],
  ZY1404: [on('python3.10', app('import tomllib\n')), on('python3.11', app('import tomllib\n'))],
  ZY1405: [app('import a.b\n', { 'a/__init__.py': '' }), app('import a.b\n', { 'a/__init__.py': '', 'a/b.py': '' })],
  ZY1406: [app('import dep\n', { 'dep.py': '', ...meta('dep', 'Requires-Dist: idna\n') }), app('import dep\n', { 'dep.py': '', ...meta('dep') })], // prettier-ignore
  ZY1407: [app('import dep\n', { 'dep.py': '', ...meta('dep', 'Requires-Dist: core>1\n'), ...meta('core') }), app('import dep\n', { 'dep.py': '', ...meta('dep', 'Requires-Dist: core>=1\n'), ...meta('core') })], // prettier-ignore
  ZY1408: [app('from a import b\n', { 'a/__init__.py': '' }), app('from a import b\n', { 'a/__init__.py': 'b = 1' })],
  ZY1409: [app('import dep\n', { 'dep.py': 'import importlib.metadata\nx = importlib.metadata.version("dep")' }), app('import dep\n', { 'dep.py': 'import importlib.metadata\nx = importlib.metadata.version("dep")', ...meta('dep') })], // prettier-ignore
  ZY1501: [app('import a\n', { 'a.py': { mode: 0o100600 } }), app('import a\n', { 'a.py': { mode: 0o100644 } })],
  ZY1502: [app('', { 'a.json': { mode: 0o100600 } }), app('', { 'a.json': { mode: 0o100644 } })],
  ZY1503: [raw({ name: 'a/', mode: 0o040700 }, { name: 'a/b.py' }), raw({ name: 'a/', mode: 0o040755 }, { name: 'a/b.py' })], // prettier-ignore
  ZY1504: [app('', { 'bin/tool': { bytes: tool, mode: 0o100744 } }), app('', { 'bin/tool': { bytes: tool, mode: 0o100755 } })], // prettier-ignore
  ZY1505: [raw({ name: 'a/', mode: 0o040700 }, { name: 'a/b.html' }), raw({ name: 'a/', mode: 0o040755 }, { name: 'a/b.html' })], // prettier-ignore
  ZY1201: [app('import boto3\n', { 'boto3/__init__.py': '', ...meta('boto3') }), app('import boto3\n', { 'boto3/__init__.py': '' })], // prettier-ignore
  ZY1202: [app('import boto3\n', sdk('1.40.0', '1.30.0', 'Requires-Dist: botocore>=1.40\n')), app('import boto3\n', sdk('1.40.0', '1.30.0', 'Requires-Dist: botocore>=1.30\n'))], // prettier-ignore
  ZY1203: [app('import boto3\n'), app('import json\n')],
  ZY1204: [app('import dateutil\n'), app('try:\n  import dateutil\nexcept ImportError: ...\n')],
  ZY1205: [app('from botocore.vendored import requests\n'), app('from botocore import config\n')],
  ZY1206: [app('', { 'dep.py': '', ...meta('dep', 'Requires-Dist: boto3>=1.41\n'), ...sdk('1.40.0', '1.40.0') }), app('', { 'dep.py': '', ...meta('dep', 'Requires-Dist: boto3>=1.40\n'), ...sdk('1.40.0', '1.40.0') })], // prettier-ignore
  ZY1207: [app('import boto3\nboto3.client("sqs")\n', sdk('1.40.0', '1.40.0')), app('import boto3\nboto3.client("s3")\n', sdk('1.40.0', '1.40.0'))], // prettier-ignore
  ZY1208: [app('import boto3\nboto3.client("dynamdb")\n'), app('import boto3\nboto3.client("dynamodb")\n')],
  ZY1701: [app('import uuid\n', { 'uuid.py': '' }), app('import uuid\n')],
  ZY1702: [app('', { 'dep.py': '', 'dep/__init__.py': '', ...meta('dep'), ...record('dep', 'dep/__init__.py') }), app('', { 'dep/__init__.py': '', ...meta('dep'), ...record('dep', 'dep/__init__.py') })], // prettier-ignore
  ZY1703: [app('', { 'enum/__init__.py': '', ...meta('enum34'), ...record('enum34', 'enum/__init__.py') }), app('', { ...meta('enum34'), ...record('enum34', 'enum/__init__.py') })], // prettier-ignore
  ZY1710: [app('', { '__pycache__/a.cpython-311.pyc': pyc(3495) }), app('', { '__pycache__/a.cpython-311.pyc': '' })],
  ZY1711: [app('', { 'a.pth': '/home/me/src\n' }), app('', { 'a.pth': 'src\n' })],
  ZY1712: [app('', { 'a.pth': 'import os; os.getcwd()\n' }), app('', { 'a.pth': 'src\n' })],
  ZY1713: [app('', { 'a.egg-link': '/home/me' }), app('')],
  ZY1801: [app('', { 'settings.py': `KEY = "${key}"` }), app('', { 'settings.py': 'KEY = "AKIAIOSFODNN7EXAMPLE"' })],
  ZY1901: [{ ...on('python3.9', app('')), today: new Date('2027-02-02') }, { ...on('python3.9', app('')), today: new Date('2027-01-31') }], // prettier-ignore
  ZY1902: [on('python3.9', app('')), on('python3.13', app(''))],
  ZY1903: [on('python3.15', app('')), on('python3.14', app(''))],
  ZY1904: [app('', { 'dep.py': '', ...meta('dep', 'Requires-Python: <3.13\n') }), app('', { 'dep.py': '', ...meta('dep', 'Requires-Python: <3.14\n') })], // prettier-ignore
  ZY1910: [app('', { 'dep/tests/x.bin': megabyte, ...meta('dep') }), app('', { 'dep/data/x.bin': megabyte, ...meta('dep') })], // prettier-ignore
  ZY1911: [app('import json\n', { 'dep/__init__.py': '', 'dep/x.bin': megabyte, ...meta('dep') }), app('import dep\n', { 'dep/__init__.py': '', 'dep/x.bin': megabyte, ...meta('dep') })], // prettier-ignore
  ZY1912: [
    app('', { 'dep.py': '', ...meta('dep'), ...meta('dep', '', '2') }),
    app('', { 'dep.py': '', ...meta('dep') }),
  ],
  ZY1913: [app('', { 'pip/__init__.py': '', ...meta('pip') }), app('import pip\n', { 'pip/__init__.py': '', ...meta('pip') })], // prettier-ignore
  ZY1914: [app('', { '.git/HEAD': 'x' }), app('', { 'git/HEAD': 'x' })],
}

/** Everything that the two packages of a pair differ in: files by name, and what is asked of them. */
function differences(one: Case, other: Case): readonly string[] {
  const parts = ({ files, layers = [], ...asked }: Case): Map<string, unknown> => {
    const seen = new Map<string, number>()
    const entries = Buffer.isBuffer(files)
      ? []
      : Array.isArray(files)
        ? (files as RawEntry[])
        : entriesOf(files as Files)
    return new Map<string, unknown>([
      ...Object.entries({ handler: 'app.main', ...asked }),
      ['bytes', Buffer.isBuffer(files) ? files.toString('hex') : ''],
      ...layers.map((layer, at) => [`layer ${at}`, layer] as const),
      ...entries.map(({ name, ...rest }): [string, unknown] => {
        const count = (seen.get(String(name)) ?? 0) + 1
        seen.set(String(name), count)
        return [`file ${String(name)} ${count}`, rest]
      }),
    ])
  }
  const [before, after] = [parts(one), parts(other)]
  return [...new Set([...before.keys(), ...after.keys()])].filter(
    (key) => !isDeepStrictEqual(before.get(key), after.get(key)),
  )
}

const definitions = rules.flatMap((rule) => rule.findings)
const page = readFileSync(resolve(import.meta.dirname, '../../docs/reference/audit.md'), 'utf8')

function found(one: Case, code: string) {
  const { files, ...asked } = one
  if (Buffer.isBuffer(files)) {
    const path = join(temporaryFolder(), 'package.zip')
    writeFileSync(path, files)
    return checkPackage({ path, runtime: 'python3.13', architecture: 'x86_64', handler: 'app.main' }).findings.filter((finding) => finding.code === code) // prettier-ignore
  }
  return check(files as Files, { handler: 'app.main', ...asked }).findings.filter((finding) => finding.code === code)
}

test('every finding of every rule has its pair, and there is no other', () => {
  expect(Object.keys(pairs).sort()).toEqual(definitions.map(({ code }) => code).sort())
})

test.each(Object.entries(pairs))(
  '%s is found in one package and not in the other, which differs in one thing',
  (code, [bad, good]) => {
    // A file that was given another name is one that went and one that came.
    const changed = differences(bad, good)
    expect(changed.length, changed.join(', ')).toBeGreaterThan(0)
    expect(changed.length, changed.join(', ')).toBeLessThanOrEqual(changed.every((key) => key.startsWith('file ')) ? 2 : changed.includes('handler') ? 3 : 1) // prettier-ignore
    const definition = definitions.find((one) => one.code === code)!
    const [finding] = found(bad, code)
    expect(finding, `${code} in the first package`).toMatchObject({ severity: definition.severity, certainty: definition.certainty, proof: 'inspection' }) // prettier-ignore
    expect(finding!.sentence).not.toMatch(/\.$|undefined|NaN|\[object/)
    expect(found(good, code), `${code} in the second package`).toEqual([])
  },
)

test.each([...rules, importProof].flatMap(({ findings }) => findings))(
  '$code has its page, with what it means and an example',
  ({ code, title, why, sample, severity }) => {
    // prettier-ignore
    const section = page.split(/^### /m).find((part) => part.startsWith(`${code}\n`))
    expect(section).toContain(`**${title}**`)
    expect(section).toContain(why)
    expect(why.length, 'a sentence at least').toBeGreaterThan(50)
    expect(section).toContain(`${severity}: ${sample.sentence} (${code})`)
    expect(section).toContain(`hint: ${sample.hint}`)
    expect(sample.hint.length).toBeGreaterThan(8)
  },
)

test('every rule is a file with tests of its own, and every such file is a rule that is asked', () => {
  const folder = resolve(import.meta.dirname, '../../src/audit/rules')
  const files = readdirSync(folder).filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
  expect(files.map((name) => name.slice(0, -3)).sort()).toEqual(rules.map(({ name }) => name).sort())
  for (const { name } of rules) expect(existsSync(join(folder, `${name}.test.ts`)), `${name}.test.ts`).toBe(true)
})

test('what the import proof finds is found in a run that failed, and in a slow one', () => {
  const run: RunProof = { proof: 'run', isImported: true, python: '3.13.0', tier: 'process', tookMicros: 5, peakMemoryBytes: 0, modules: [], outside: { opened: [], connected: [], started: [] }, output: '', outputBytes: 0 } // prettier-ignore
  const error = { errorType: 'Runtime.ImportModuleError', errorMessage: 'no', stackTrace: [] }
  const codes = (proof: RunProof): readonly string[] => importFindings(proof).map(({ code }) => code)
  expect(codes({ ...run, isImported: false, error })).toEqual(['ZY1190'])
  expect(codes({ ...run, tookMicros: 10_000_001 })).toEqual(['ZY1191'])
  expect(codes({ ...run, tookMicros: 10_000_000 })).toEqual([])
  expect(importProof.findings.map(({ code }) => code)).toEqual(['ZY1190', 'ZY1191'])
})
