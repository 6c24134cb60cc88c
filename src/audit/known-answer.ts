import { readFileSync, statSync, type BigIntStats } from 'node:fs'
import { resolve } from 'node:path'
import { sha256 } from '../base/digest.ts'
import { readEntrySync, writeEntrySync } from '../cache/read-entry.ts'

/** What is asked, and of which files. */
export interface Question {
  /** The package and its layers. */
  readonly paths: readonly string[]
  /** Everything else that the answer depends on, the day apart: plain values, maps and sets. */
  readonly asked: unknown
  /** Runtimes grow old: an answer holds for its day. */
  readonly today: Date
}

/** What a test chooses otherwise. */
export interface Surroundings {
  /** Names the code that answers; undefined where nobody knows which it is. */
  readonly code?: string | undefined
  /** Milliseconds since the epoch. */
  readonly now?: () => number
}

/** A place for one answer. */
export interface KnownAnswer<Answer> {
  /** What was answered when the same was asked of the very same files; undefined when that is not known. */
  readonly answer: Answer | undefined
  /** Keeps an answer, if the files are still what they were when this was made. A cache that cannot be written keeps none. */
  keep(answer: Answer): void
}

interface StoredAnswer {
  readonly files: readonly string[]
  readonly day: string
  readonly answer: unknown
}

/**
 * The answer to a question that was asked before. It is believed for the very same files alone, untouched since by their number, size and
 * both times, for the same day, and for the very same code of Zipyard; a file that lay there for less than two seconds gives no answer to
 * keep, since its times could not tell a later change. `undefined` where there is none to keep: of folders, and in development.
 */
export function knownAnswer<Answer>(
  question: Question,
  cacheFolder: string,
  { code = codeIdentity(), now = Date.now }: Surroundings = {},
): KnownAnswer<Answer> | undefined {
  const files = identitiesOf(question.paths, now())
  if (code === undefined || files === undefined) return undefined
  const day = question.today.toISOString().slice(0, 10)
  const paths = question.paths.map((path) => resolve(path))
  const key = sha256(`answer ${JSON.stringify([code, paths, question.asked], plainly)}`)
  const stored = readEntrySync(cacheFolder, 'check-answer', key)
  const known = stored && (JSON.parse(stored.toString('utf8')) as StoredAnswer)
  return {
    answer: known?.day === day && isSame(known.files, files) ? (known.answer as Answer) : undefined,
    keep(answer) {
      const still = identitiesOf(question.paths, now())
      if (!still || !isSame(still, files)) return
      const bytes = JSON.stringify({ files, day, answer } satisfies StoredAnswer)
      writeEntrySync(cacheFolder, 'check-answer', key, Buffer.from(bytes))
    },
  }
}

/** Maps and sets would all be `{}`. */
function plainly(_key: string, value: unknown): unknown {
  return value instanceof Map || value instanceof Set ? [...(value as Iterable<unknown>)] : value
}

function isSame(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((one, index) => one === others[index])
}

/** Some file systems note times in steps of two seconds: a change within the step of the last one leaves no trace. */
const oldEnoughMilliseconds = 2_500

function identitiesOf(paths: readonly string[], nowMs: number): readonly string[] | undefined {
  const identities: string[] = []
  for (const path of paths) {
    const stat = statOf(path)
    if (!stat?.isFile()) return undefined
    const { dev, ino, size, mtimeNs, ctimeNs, mtimeMs, ctimeMs } = stat
    if (nowMs - Number(ctimeMs > mtimeMs ? ctimeMs : mtimeMs) < oldEnoughMilliseconds) return undefined
    identities.push([dev, ino, size, mtimeNs, ctimeNs].join(' '))
  }
  return identities
}

function statOf(path: string): BigIntStats | undefined {
  try {
    return statSync(path, { bigint: true })
  } catch {
    return undefined
  }
}

/** A digest of all sources, which the build leaves beside what it made of them. */
function codeIdentity(): string | undefined {
  if (import.meta.url.endsWith('.ts')) return undefined
  try {
    return readFileSync(new URL('../.stamp', import.meta.url), 'utf8')
  } catch {
    return undefined
  }
}
