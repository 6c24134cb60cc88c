import { dirname, resolve } from 'node:path'
import { invalidByteSize, parseByteSize } from '../base/byte-size.ts'
import { normalizeName } from '../pypa/name.ts'
import type { ConfigurationFile } from './configuration-file.ts'
import { badOptionValue } from './option.ts'

/** What a project allows its package to weigh: the table `budget` of its configuration. */
export interface Budget {
  /** Unzipped, with layers, as Lambda counts. */
  readonly totalBytes?: number | undefined
  readonly zippedBytes?: number | undefined
  /** Unzipped, by normalised name. */
  readonly distributions: ReadonlyMap<string, number>
  readonly growth?: GrowthLimit | undefined
}

/** How much the unzipped size may exceed that of the baseline. */
export interface GrowthLimit {
  readonly allowed: { readonly bytes: number } | { readonly percent: number }
  /** An earlier package, or what `zipyard check --json` said of it; an absolute path. */
  readonly baseline: string
}

const keys = ['total', 'zipped', 'growth', 'baseline', 'distributions'] as const

/**
 * Reads the value of `budget`; undefined where there is none. `origin` names it in errors, `file` is the configuration that holds it.
 * @example parseBudget({ total: '120 MB', growth: '5%', baseline: 'budget.json' }, 'budget', '/app/pyproject.toml')
 * @throws `badOptionValue` for a key or value that it does not take
 */
export function parseBudget(raw: unknown, origin: string, file: string): Budget | undefined {
  if (raw === undefined) return undefined
  const table = tableOf(raw, origin, file)
  for (const key of Object.keys(table))
    if (!keys.includes(key as (typeof keys)[number]))
      throw badOptionValue({ option: `${origin} in ${file}`, text: key, expected: `the keys ${keys.map((one) => `\`${one}\``).join(', ')}` }) // prettier-ignore
  const size = (key: string, value: unknown): number | undefined =>
    value === undefined ? undefined : sizeOf(value, `${origin}.${key} in ${file}`)
  const distributions = Object.entries(tableOf(table['distributions'] ?? {}, `${origin}.distributions`, file))
  return {
    totalBytes: size('total', table['total']),
    zippedBytes: size('zipped', table['zipped']),
    distributions: new Map(distributions.map(([name, value]) => [normalizeName(name), size(`distributions.${name}`, value)!])), // prettier-ignore
    growth: growthOf(table, origin, file),
  }
}

/** The budget of a project's configuration. */
export function projectBudget(file: ConfigurationFile | undefined): Budget | undefined {
  return file && parseBudget(file.values['budget'], 'budget', file.path)
}

/** The budget of one of its functions, `[tool.zipyard.functions.NAME.budget]`; undefined where it has none of its own. */
export function functionBudget(file: ConfigurationFile | undefined, name: string): Budget | undefined {
  const functions = file?.values['functions'] as Readonly<Record<string, { readonly budget?: unknown }>> | undefined
  return file && parseBudget(functions?.[name]?.budget, `functions.${name}.budget`, file.path)
}

/**
 * The budget that a package goes by: that of the function whose name the file bears (`api.zip`, `api-arm64.zip`), else the project's.
 */
export function budgetOfPackage(file: ConfigurationFile | undefined, filename: string): Budget | undefined {
  const name = filename.replace(/(?:-(?:x86_64|arm64))?\.zip$/, '')
  return functionBudget(file, name) ?? projectBudget(file)
}

function growthOf(table: Readonly<Record<string, unknown>>, origin: string, file: string): GrowthLimit | undefined {
  const { growth, baseline } = table
  if (growth === undefined && baseline === undefined) return undefined
  if (typeof baseline !== 'string' || baseline === '')
    throw badOptionValue({ option: `${origin}.baseline in ${file}`, text: String(baseline), expected: 'the path of an earlier package, or of what `zipyard check --json` said of it' }) // prettier-ignore
  const option = `${origin}.growth in ${file}`
  const share = /^\s*(\d+(?:\.\d+)?)\s*%\s*$/.exec(String(growth))
  const allowed = share ? { percent: Number(share[1]) } : { bytes: sizeOf(growth, option, ', or a share such as `5%`') }
  return { allowed, baseline: resolve(dirname(file), baseline) }
}

function sizeOf(value: unknown, option: string, more = ''): number {
  try {
    return parseByteSize(String(value))
  } catch (error) {
    if (!invalidByteSize.is(error)) throw error
    throw badOptionValue(
      { option, text: String(value), expected: `a size such as \`50 MB\`${more}` },
      { cause: undefined },
    )
  }
}

function tableOf(raw: unknown, origin: string, file: string): Readonly<Record<string, unknown>> {
  if (raw !== null && typeof raw === 'object' && !Array.isArray(raw)) return raw as Record<string, unknown>
  throw badOptionValue({ option: `${origin} in ${file}`, text: JSON.stringify(raw), expected: 'a table' })
}
