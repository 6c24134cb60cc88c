import { join } from 'node:path'
import { mapConcurrently } from '../base/tasks.ts'
import { parsePythonRuntime } from '../lambda/runtimes.ts'
import { listCandidates, type Candidate } from './candidates.ts'
import { interpreterMissing, interpreterUnusable, malformedPythonOption } from './errors.ts'
import { inspectInterpreter } from './inspect-interpreter.ts'
import { InspectionCache } from './inspection-cache.ts'
import { compareInterpreters, whyNotFor, type Interpreter } from './interpreter.ts'

/** `--python 3.13=PATH` */
export interface PythonOption {
  readonly minor: string
  readonly path: string
}

/** @example parsePythonOption('3.13=/opt/py/bin/python3') // { minor: '3.13', path: '/opt/py/bin/python3' } */
export function parsePythonOption(text: string): PythonOption {
  const match = /^(?:python)?(\d+\.\d+)=(.+)$/.exec(text)
  if (!match) throw malformedPythonOption({ text })
  return { minor: match[1]!, path: match[2]! }
}

/** A candidate, and what it must be when it was named. */
type Wanted = Candidate & { readonly minor?: string }

/** The folder of the data folder that holds Pythons of our own. */
export const addedFolder = (dataFolder: string): string => join(dataFolder, 'runtimes')

/**
 * Every Python of this machine, each run once (and then remembered until its file changes), best first.
 *
 * @throws ZY0502 when an interpreter that was named by option does not run or is another version; what was only found is left out.
 */
export async function findInterpreters(options: {
  readonly dataFolder: string
  readonly named?: readonly PythonOption[]
  readonly environment?: NodeJS.ProcessEnv
}): Promise<readonly Interpreter[]> {
  const cache = new InspectionCache(join(options.dataFolder, 'interpreters.json'))
  const named = (options.named ?? []).map((option): Wanted => ({ ...option, source: 'option' }))
  const found = listCandidates({
    addedFolder: addedFolder(options.dataFolder),
    environment: options.environment ?? process.env,
  })
  const inspected = await mapConcurrently<Wanted, Interpreter | undefined>(
    [...named, ...found],
    4,
    async (candidate) => {
      const inspection = await cache.inspect(candidate.path, inspectInterpreter)
      if (candidate.minor === undefined) {
        return 'interpreter' in inspection ? { ...inspection.interpreter, source: candidate.source } : undefined
      }
      const { path, minor } = candidate
      if ('because' in inspection) throw interpreterUnusable({ path, because: inspection.because, python: minor })
      const { interpreter } = inspection
      const because = whyNotFor(minor, interpreter)
      if (because !== undefined) throw interpreterUnusable({ path, because, python: minor })
      return { ...interpreter, source: candidate.source }
    },
  )
  cache.save()
  const best = new Map<string, Interpreter>()
  for (const interpreter of inspected.filter((one) => one !== undefined).sort(compareInterpreters)) {
    if (!best.has(interpreter.executable)) best.set(interpreter.executable, interpreter)
  }
  return [...best.values()]
}

/**
 * The interpreter that runs functions of a runtime: the declared version, never silently another.
 *
 * @throws ZY0501 when this machine has none, with the remedy
 */
export function interpreterFor(runtimeId: string, found: readonly Interpreter[]): Interpreter {
  const { id, python } = parsePythonRuntime(runtimeId)
  const usable = found.filter((interpreter) => !interpreter.isFreeThreaded)
  const match = usable.filter((interpreter) => interpreter.minor === python).sort(compareInterpreters)[0]
  if (match) return match
  const minors = [...new Set(usable.map((interpreter) => interpreter.minor))].sort((a, b) =>
    a.localeCompare(b, 'en', { numeric: true }),
  )
  throw interpreterMissing({ runtimeId: id, python, found: minors })
}
