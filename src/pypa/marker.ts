import { defineError } from '../base/errors.ts'
import { normalizeName } from './name.ts'
import { matches, tryParseSpecifier } from './specifier.ts'
import { tryParseVersion } from './version.ts'

/** The variables of environment markers that have one value per interpreter (PEP 508). */
export const environmentVariables = [
  'implementation_name',
  'implementation_version',
  'os_name',
  'platform_machine',
  'platform_python_implementation',
  'platform_release',
  'platform_system',
  'platform_version',
  'python_full_version',
  'python_version',
  'sys_platform',
] as const

export type EnvironmentVariable = (typeof environmentVariables)[number]
export type MarkerVariable = EnvironmentVariable | 'extra' | 'extras' | 'dependency_groups'

/** What the variables say for one interpreter on one machine. */
export type MarkerEnvironment = Readonly<Record<EnvironmentVariable, string>>

export type MarkerOperator = '===' | '==' | '!=' | '<=' | '>=' | '<' | '>' | '~=' | 'in' | 'not in'
export type MarkerOperand = { readonly variable: MarkerVariable } | { readonly value: string }

/** A marker as a tree. */
export type Marker =
  | { readonly all: readonly Marker[] }
  | { readonly any: readonly Marker[] }
  | { readonly left: MarkerOperand; readonly operator: MarkerOperator; readonly right: MarkerOperand }

/** Beside the environment: what a person asked for. Names in any spelling. */
export interface MarkerContext {
  /** `extra`, in requirements of a distribution's metadata: holds when one of these makes the marker true. */
  readonly extras?: readonly string[] | undefined
  /** `dependency_groups`, in lock files (PEP 751). */
  readonly groups?: readonly string[] | undefined
  /**
   * How `extra == 'x'` reads several extras: `each` asks with one after another and takes any yes (metadata, as pip does); `set` asks
   * whether `x` is among them, so that `extra != 'x'` says that it is not (uv.lock).
   */
  readonly extraMembership?: 'each' | 'set' | undefined
}

export const invalidMarker = defineError('ZY0203', 'refused', (p: { text: string; problem: string }) => ({
  message: `\`${p.text}\` is not an environment marker: ${p.problem}`,
  hint: "Write comparisons such as `python_version < '3.11'`, joined by `and` and `or` (PEP 508)",
}))

/** @example parseMarker("python_version < '3.11' and extra == 'test'") */
export function parseMarker(text: string): Marker {
  const parser = new MarkerParser(text)
  const marker = parser.disjunction(0)
  parser.end()
  return marker
}

/**
 * Whether the marker holds. `extra` is compared as packaging does: with each of the context's extras in turn, and with none when
 * there are none.
 */
export function evaluateMarker(
  marker: Marker | undefined,
  environment: MarkerEnvironment,
  context: MarkerContext = {},
): boolean {
  if (!marker) return true
  const extras = context.extras && context.extras.length > 0 ? context.extras.map(normalizeName) : ['']
  const sets = { extras: extras.filter((extra) => extra !== ''), groups: (context.groups ?? []).map(normalizeName) }
  if (context.extraMembership === 'set' || !usesVariable(marker, 'extra'))
    return holds(marker, environment, undefined, sets)
  return extras.some((extra) => holds(marker, environment, extra, sets))
}

/** Whether a marker asks for a variable anywhere. */
export function usesVariable(marker: Marker, variable: MarkerVariable): boolean {
  if ('all' in marker) return marker.all.some((part) => usesVariable(part, variable))
  if ('any' in marker) return marker.any.some((part) => usesVariable(part, variable))
  return [marker.left, marker.right].some((operand) => 'variable' in operand && operand.variable === variable)
}

/** The marker as text, with parentheses only where `and` binds an `or`. */
export function formatMarker(marker: Marker): string {
  if ('all' in marker) {
    return marker.all.map((part) => ('any' in part ? `(${formatMarker(part)})` : formatMarker(part))).join(' and ')
  }
  if ('any' in marker) return marker.any.map(formatMarker).join(' or ')
  return `${formatOperand(marker.left)} ${marker.operator} ${formatOperand(marker.right)}`
}

/** Both must hold; `undefined` always holds. */
export function bothMarkers(a: Marker | undefined, b: Marker | undefined): Marker | undefined {
  if (!a || !b) return a ?? b
  return { all: [...('all' in a ? a.all : [a]), ...('all' in b ? b.all : [b])] }
}

function formatOperand(operand: MarkerOperand): string {
  if ('variable' in operand) return operand.variable
  return operand.value.includes("'") ? `"${operand.value}"` : `'${operand.value}'`
}

interface MarkerSets {
  readonly extras: readonly string[]
  readonly groups: readonly string[]
}

/** `extra` is the one that is asked with; `undefined` asks whether the marker's is among `sets.extras`. */
function holds(marker: Marker, environment: MarkerEnvironment, extra: string | undefined, sets: MarkerSets): boolean {
  if ('all' in marker) return marker.all.every((part) => holds(part, environment, extra, sets))
  if ('any' in marker) return marker.any.some((part) => holds(part, environment, extra, sets))
  const variable =
    'variable' in marker.left ? marker.left.variable : 'variable' in marker.right ? marker.right.variable : undefined
  if (variable === 'extras' || variable === 'dependency_groups') {
    const names = variable === 'extras' ? sets.extras : sets.groups
    const isIn = 'value' in marker.left && names.includes(normalizeName(marker.left.value))
    return marker.operator === 'not in' ? !isIn : isIn
  }
  if (variable === 'extra' && extra === undefined) {
    const named = [marker.left, marker.right].find((operand) => 'value' in operand) as { value: string } | undefined
    const isIn = named !== undefined && sets.extras.includes(normalizeName(named.value))
    return marker.operator === '!=' || marker.operator === 'not in' ? !isIn : isIn
  }
  const read = (operand: MarkerOperand): string => {
    if ('value' in operand) return variable === 'extra' ? normalizeName(operand.value) : operand.value
    return operand.variable === 'extra' ? extra! : environment[operand.variable as EnvironmentVariable]
  }
  return compare(read(marker.left), marker.operator, read(marker.right), variable)
}

/** Compared by PEP 440 when the variable is a version; the rest is text. */
const versionVariables: ReadonlySet<MarkerVariable | undefined> = new Set<MarkerVariable>([
  'implementation_version',
  'platform_release',
  'python_full_version',
  'python_version',
])

function compare(left: string, operator: MarkerOperator, right: string, variable: MarkerVariable | undefined): boolean {
  if (versionVariables.has(variable) && operator !== 'in' && operator !== 'not in') {
    const clause = tryParseSpecifier(`${operator}${right}`)
    const version = tryParseVersion(left)
    if (clause) {
      if (version) return matches([clause], version)
      // A platform release such as `6.1.0-aws` is no version: only `===` can hold, as in packaging.
      return operator === '===' ? left.toLowerCase() === right.toLowerCase() : false
    }
  }
  switch (operator) {
    case 'in':
      return right.includes(left)
    case 'not in':
      return !right.includes(left)
    case '==':
    case '===':
      return left === right
    case '!=':
      return left !== right
    // Text has no order here: the specification of 2024 leaves it undefined, and packaging compares `<` and `>` as never true.
    case '<=':
    case '>=':
      return left === right
    case '<':
    case '>':
    case '~=':
      return false
  }
}

/** Names that early versions of the specification knew (PEP 345, setuptools) and that metadata still holds. */
const aliases: Readonly<Record<string, MarkerVariable>> = {
  'os.name': 'os_name',
  'sys.platform': 'sys_platform',
  'platform.version': 'platform_version',
  'platform.machine': 'platform_machine',
  'platform.python_implementation': 'platform_python_implementation',
  python_implementation: 'platform_python_implementation',
}

const variables: ReadonlySet<string> = new Set([...environmentVariables, 'extra', 'extras', 'dependency_groups'])

/** Parentheses deeper than this are no marker a tool wrote; the limit keeps a hostile one from exhausting the stack. */
const deepest = 100

class MarkerParser {
  readonly #text: string
  #position = 0

  constructor(text: string) {
    this.#text = text
  }

  disjunction(depth: number): Marker {
    const parts = [this.#conjunction(depth)]
    while (this.#take(/or\b/y)) parts.push(this.#conjunction(depth))
    return parts.length === 1 ? parts[0]! : { any: parts }
  }

  end(): void {
    this.#skipSpace()
    if (this.#position < this.#text.length) this.#fail(`\`${this.#text.slice(this.#position)}\` is left over`)
  }

  #conjunction(depth: number): Marker {
    const parts = [this.#atom(depth)]
    while (this.#take(/and\b/y)) parts.push(this.#atom(depth))
    return parts.length === 1 ? parts[0]! : { all: parts }
  }

  #atom(depth: number): Marker {
    if (this.#take(/\(/y)) {
      if (depth >= deepest) this.#fail('its parentheses are nested too deeply')
      const inner = this.disjunction(depth + 1)
      if (!this.#take(/\)/y)) this.#fail('a closing parenthesis is missing')
      return inner
    }
    const left = this.#operand()
    const operator = this.#take(/===|~=|==|!=|<=|>=|<|>|not\s+in\b|in\b/y)
    if (!operator) this.#fail('a comparison operator is missing')
    const right = this.#operand()
    if ('value' in left && 'value' in right) this.#fail('it compares two texts with each other')
    const comparison = { left, operator: operator!.replace(/\s+/, ' ') as MarkerOperator, right }
    this.#refuseOddSets(comparison)
    return comparison
  }

  #refuseOddSets(comparison: { left: MarkerOperand; operator: MarkerOperator; right: MarkerOperand }): void {
    const isSet = (operand: MarkerOperand): boolean =>
      'variable' in operand && (operand.variable === 'extras' || operand.variable === 'dependency_groups')
    if (!isSet(comparison.left) && !isSet(comparison.right)) return
    const fits = 'value' in comparison.left && (comparison.operator === 'in' || comparison.operator === 'not in')
    if (!fits) this.#fail("`extras` and `dependency_groups` stand only on the right of `in`, as in `'x' in extras`")
  }

  #operand(): MarkerOperand {
    const quoted = this.#take(/'[^']*'|"[^"]*"/y)
    if (quoted !== undefined) return { value: quoted.slice(1, -1) }
    const word = this.#take(/[a-z_][a-z0-9_.]*/y)
    if (word === undefined) this.#fail('a variable or a quoted text is missing')
    const variable = aliases[word!] ?? (variables.has(word!) ? (word as MarkerVariable) : undefined)
    if (!variable) this.#fail(`\`${word}\` is not a variable`)
    return { variable: variable! }
  }

  #take(pattern: RegExp): string | undefined {
    this.#skipSpace()
    pattern.lastIndex = this.#position
    const match = pattern.exec(this.#text)
    if (!match) return undefined
    this.#position = pattern.lastIndex
    return match[0]
  }

  #skipSpace(): void {
    while (/\s/.test(this.#text[this.#position] ?? '')) this.#position += 1
  }

  #fail(problem: string): never {
    throw invalidMarker({ text: this.#text, problem })
  }
}
