/** Holds the audit against real imports: what it has an error for must fail under the real Python, and the other way round. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { openFacts } from '../../src/audit/collect.ts'
import type { PackageFacts } from '../../src/audit/facts.ts'
import { imports } from '../../src/audit/rules/imports.ts'
import { nativeLibrariesRule } from '../../src/audit/rules/native-libraries.ts'
import { requirements } from '../../src/audit/rules/requirements.ts'
import { parsePythonRuntime } from '../../src/lambda/runtimes.ts'
import { moduleNames } from '../../src/python/module-names.ts'
import { extractArchive } from '../../src/zip/extract.ts'
import { splice } from '../../src/zip/splicer.ts'
import type { Corpus } from './corpora.ts'
import { realWheels, wheelFiles, type WheelTarget } from './real-wheels.ts'

/** How the audit did. A case is a module that is imported, as the whole corpus stands or with one of its requirements taken away. */
export interface CorpusResult {
  readonly wheels: number
  readonly nativeWheels: number
  readonly modules: number
  /** Cases that fail and that the audit found. */
  readonly found: number
  /** It imports, and the audit has an error. */
  readonly falseErrors: readonly string[]
  /** It does not import, and the audit has neither an error nor a warning of a missing requirement. */
  readonly missed: readonly string[]
}

/** What a case asks: may this module be imported without those? */
interface Case {
  readonly module: string
  readonly gone: readonly string[]
  readonly distribution?: string | undefined
}

/**
 * @param python the command of a Python of the target, such as `['python3.11']`, or with an emulator in front; without one nothing is run and every
 *   module of the whole corpus is taken to import
 * @param target what the corpus is audited for, when it is not what it was downloaded for
 * @param isStripped leaves every `.dist-info` out, as slimming scripts do: all files count as own ones then
 */
export async function auditCorpus(
  corpus: Corpus,
  python: readonly string[] | undefined,
  target: WheelTarget = corpus,
  isStripped = false,
): Promise<CorpusResult> {
  const wheels = realWheels(corpus.folder, corpus.wanted, corpus)
  const folder = mkdtempSync(join(tmpdir(), 'zipyard-corpus-'))
  try {
    const { zip, modules } = await pack(wheels, folder, isStripped)
    const task = join(folder, 'task')
    if (python) await extractArchive({ archivePaths: [zip], into: task, limitBytes: 8e9 })
    const { facts, close } = openFacts(zip, {
      target: { runtime: parsePythonRuntime(target.runtime), architecture: target.architecture },
    })
    try {
      const cases = [...modules.map((module) => ({ module, gone: [] })), ...(python ? seeded(facts, modules) : [])]
      const errors = python ? importErrors(python, task, cases) : cases.map(() => '')
      const result = { found: 0, falseErrors: [] as string[], missed: [] as string[] }
      cases.forEach((one, index) => judge(verdict(facts, one), errors[index]!, nameOf(one), result))
      const nativeWheels = wheels.filter((path) => !path.endsWith('-any.whl')).length
      return { wheels: wheels.length, nativeWheels, modules: modules.length, ...result }
    } finally {
      close()
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function nameOf({ module, distribution }: Case): string {
  return distribution === undefined ? module : `${module} without ${distribution}`
}

function judge(
  { isError, isWarned }: { readonly isError: boolean; readonly isWarned: boolean },
  error: string,
  name: string,
  result: { found: number; readonly falseErrors: string[]; readonly missed: string[] },
): void {
  if (error === '') {
    if (isError) result.falseErrors.push(name)
  } else if (isError || isWarned) result.found += 1
  else result.missed.push(`${name}: ${error}`)
}

/** All wheels in one package, with a handler of its own for each module at their roots. */
async function pack(
  wheels: readonly string[],
  folder: string,
  isStripped: boolean,
): Promise<{ readonly zip: string; readonly modules: readonly string[] }> {
  const files = new Map(wheelFiles(wheels))
  if (isStripped) for (const path of files.keys()) if (path.includes('.dist-info/')) files.delete(path)
  const names = [...files.keys()]
    .flatMap((path) => topModule(path) ?? [])
    .filter((name) => !['test', 'tests', 'docs', 'examples'].includes(name))
  const modules = [...new Set(names)].sort()
  for (const module of modules) {
    const path = `app_${module}.py`
    files.set(path, { path, mode: 0o644, source: { bytes: Buffer.from(`import ${module}\n${handler}`) } })
  }
  const zip = join(folder, 'corpus.zip')
  await splice([...files.values()], zip)
  return { zip, modules }
}

const handler = 'def main(event, context): ...\n'

function topModule(path: string): string | undefined {
  return /^([A-Za-z]\w*)(?:\/__init__\.py|\.py|\.[\w-]+\.so)$/.exec(path)?.[1]
}

function importErrors(python: readonly string[], task: string, cases: readonly Case[]): readonly string[] {
  const [command, ...before] = python
  const program = resolve(import.meta.dirname, 'import-modules.py')
  const run = spawnSync(command!, [...before, '-I', program, task], {
    input: JSON.stringify(cases.map(({ module, gone }) => [`app_${module}`, gone])),
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  })
  if (run.status !== 0) throw new Error(`${python.join(' ')} ended with ${run.status}: ${run.stderr}`)
  return JSON.parse(run.stdout) as readonly string[]
}

/** Codes that speak of what the module in question needs; other files of the corpus have nothing to do with it. */
function verdict(whole: PackageFacts, { module, distribution }: Case) {
  const facts = distribution === undefined ? whole : without(whole, distribution)
  const path = `app_${module}.py`
  const asked = {
    ...facts,
    handler: `app_${module}.main`,
    handlerModule: { path, names: moduleNames(Buffer.from(handler)) },
  }
  const findings = [...imports.check(asked), ...nativeLibrariesRule.check(asked), ...requirements.check(asked)]
  return {
    isError: findings.some((each) => each.severity === 'error'),
    isWarned: findings.some((each) => each.code === 'ZY1406'),
  }
}

function without(facts: PackageFacts, gone: string): PackageFacts {
  const files = [...facts.package.files.values()].filter(({ distribution }) => distribution !== gone)
  const distributions = facts.package.distributions.filter(({ name }) => name !== gone)
  const kept = new Map(files.map((file) => [file.path, file]))
  return { ...facts, package: { ...facts.package, files: kept, distributions } }
}

/** What the runtime brings is not missed when it is taken out of the package. */
const ofRuntime = new Set(['boto3', 'botocore', 's3transfer', 'jmespath', 'python-dateutil', 'six', 'urllib3'])

/** Each distribution without each of its requirements. */
function seeded(facts: PackageFacts, modules: readonly string[]): readonly Case[] {
  const tops = new Map<string, Set<string>>()
  for (const { path, distribution } of facts.package.files.values()) {
    const top = topModule(path)
    if (distribution !== undefined && top !== undefined)
      tops.set(distribution, (tops.get(distribution) ?? new Set()).add(top))
  }
  return facts.package.distributions.flatMap(({ name, requires }) => {
    const module = [...(tops.get(name) ?? [])].find((top) => modules.includes(top))
    if (module === undefined) return []
    return requires.flatMap((line): Case[] => {
      const distribution = /^[\w.-]+/
        .exec(line.trim())![0]
        .toLowerCase()
        .replace(/[-_.]+/g, '-')
      if (line.includes('extra') || !tops.has(distribution) || ofRuntime.has(distribution)) return []
      return [{ module, gone: [...tops.get(distribution)!], distribution }]
    })
  })
}
