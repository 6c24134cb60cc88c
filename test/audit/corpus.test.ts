/**
 * The audit against real imports of real wheels. Here two small sets; `npm run long -- audit-corpus` takes the large ones: newest versions and those of
 * 2023, for both architectures. Wheels of another architecture than this machine's are imported too where `ZIPYARD_OTHER_PYTHON_311` and `…_313` name a
 * command that can (an emulator and a Python); else nothing is run of them, and every module is taken to import.
 */
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { findInterpreters } from '../../src/interpreters/find-interpreters.ts'
import { hostArchitecture, type Architecture } from '../../src/lambda/architecture.ts'
import { parsePythonRuntime } from '../../src/lambda/runtimes.ts'
import { auditCorpus, type CorpusResult } from '../kit/audit-corpus.ts'
import { corpora, type Corpus } from '../kit/corpora.ts'

const isLong = process.env['ZIPYARD_LONG'] === '1'
const host = hostArchitecture()!
const other: Architecture = host === 'x86_64' ? 'arm64' : 'x86_64'
const interpreters = await findInterpreters({ dataFolder: mkdtempSync(join(tmpdir(), 'zipyard-corpus-data-')) })

/** The command of a Python of that target, where this machine has one. */
function pythonFor({ runtime, architecture }: Corpus): readonly string[] | undefined {
  const { python } = parsePythonRuntime(runtime)
  if (architecture !== host) return process.env[`ZIPYARD_OTHER_PYTHON_${python.replace('.', '')}`]?.split(' ')
  const found = interpreters.find((one) => one.minor === python && !one.isFreeThreaded)
  return found && [found.executable]
}

function say(name: string, { wheels, nativeWheels, modules, found, falseErrors, missed }: CorpusResult): void {
  const cases = `${wheels} wheels (${nativeWheels} native), ${modules} modules, ${found} of ${found + missed.length} failures found`
  process.stderr.write(`audit corpus ${name}: ${cases}, ${falseErrors.length} false errors\n`)
}

const chosen = Object.entries(corpora).filter(([name]) => name.startsWith('small') !== isLong)

describe.each(chosen)('%s', (name, corpus) => {
  test('every module that imports has no error, and every one that does not has its finding', async () => {
    const python = pythonFor(corpus)
    if (corpus.architecture === host) expect(python, `a Python for ${corpus.runtime}`).toBeDefined()
    const result = await auditCorpus(corpus, python)
    say(`${name}${python ? '' : ' (by inspection)'}`, result)
    expect(result.wheels).toBeGreaterThan(isLong ? 60 : 15)
    expect({ falseErrors: result.falseErrors, missed: result.missed }).toEqual({ falseErrors: [], missed: [] })
    if (python) expect(result.found).toBeGreaterThan(0)
  })
})

test.each(chosen.filter(([, { architecture }]) => architecture === host))(
  '%s, stripped of its metadata: what no longer imports is found, and nothing else',
  async (name, corpus) => {
    const python = pythonFor(corpus)
    const result = await auditCorpus(corpus, python, corpus, true)
    say(`${name}, stripped`, result)
    expect({ falseErrors: result.falseErrors, missed: result.missed }).toEqual({ falseErrors: [], missed: [] })
  },
)

test.each([
  ['of the other architecture', { ...corpora[`small on ${other}`] }, 'python3.11', host],
  ['of another Python', { ...corpora[`small on ${host}`] }, 'python3.13', host],
] as const)(
  'wheels %s: what cannot be imported is found, what can is not',
  async (name, corpus, runtime, architecture) => {
    const target = { ...corpus, runtime, architecture }
    const result = await auditCorpus(corpus, pythonFor(target), target)
    say(name, result)
    expect({ falseErrors: result.falseErrors, missed: result.missed }).toEqual({ falseErrors: [], missed: [] })
    expect(result.found).toBeGreaterThan(5)
  },
)
