/**
 * Compares answers with recorded ones. A placeholder stands for one value in a recording: the first that is seen. What the recordings'
 * README says to mask is masked here and nowhere else.
 */
import { randomBytes } from 'node:crypto'

/** `<name>`, `<name:1>`, `<name:len(4)>`; not what stands in Python's stack traces. */
const placeholder = /<(?!frozen |module>)[a-zA-Z][a-zA-Z0-9_ -]*(?::(?:\d+|len\(\d+\)))?>/g

/** Whole values that mean "any of this kind". */
const anyValue: ReadonlySet<string> = new Set([
  'date',
  'datetime',
  'timestamp',
  'event-id',
  'code-sha256',
  'lambda-url',
])

/** Placeholders that make no statement, whatever their number. */
const anyPlaceholder =
  /^<(code-size|code-sha256|location|layer-location|duration|memory|remaining-time-in-millis|stack-trace|version|runtime-id|x-amzn-trace-id:\d+|log-result:\d+|log-stream-name:\d+|aws-.*|xray-.*|a-w-s-trace-header:\d+)>$/

/** Kinds of which different numbers are different values. */
const distinctKinds = /^<(uuid):/

/** Names are made in the order of the alphabet: recorded lists are sorted by them. */
let made = 0

export class Placeholders {
  readonly #values = new Map<string, string>()

  constructor(known: Readonly<Record<string, string>>) {
    for (const [name, value] of Object.entries(known)) this.#values.set(name, value)
  }

  /** Gives a placeholder its value, unless it has one. */
  know(name: string, value: string): void {
    if (!this.#values.has(name)) this.#values.set(name, value)
  }

  /** A request with values in place of its placeholders; new ones are made up. */
  fill<Value>(value: Value): Value {
    if (typeof value === 'string') return value.replaceAll(placeholder, (name) => this.#valueOf(name)) as Value
    if (Array.isArray(value)) return value.map((one) => this.fill(one as unknown)) as Value
    if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return value
    return Object.fromEntries(
      Object.entries(value).map(([name, one]) => [this.fill(name), this.fill(one as unknown)]),
    ) as Value
  }

  #valueOf(name: string): string {
    const known = this.#values.get(name)
    if (known !== undefined) return known
    const filler = /^<([ax]):len\((\d+)\)>$/.exec(name)
    if (filler) return filler[1]!.repeat(Number(filler[2]))
    const text = /^<text of (\d+) bytes>$/.exec(name)
    if (text) return 'y'.repeat(Number(text[1]))
    const subnet = /^<(subnet|security.group).id/.exec(name)
    const value =
      subnet?.[1] === 'subnet'
        ? `subnet-${randomBytes(8).toString('hex')}`
        : subnet
          ? `sg-${randomBytes(8).toString('hex')}`
          : `zy${String(++made).padStart(5, '0')}-${randomBytes(4).toString('hex')}`
    this.#values.set(name, value)
    return value
  }

  /** Where `actual` differs from the recorded value: paths and both values. Binds placeholders that were not known. */
  differences(recorded: unknown, actual: unknown, path = ''): string[] {
    if (typeof recorded === 'string') return this.#compareText(recorded, actual, path)
    if (Array.isArray(recorded)) return this.#compareList(recorded, actual, path)
    if (typeof recorded === 'object' && recorded !== null) {
      return this.#compareObject(recorded as Record<string, unknown>, actual, path)
    }
    return Object.is(recorded, actual) ? [] : [difference(path, recorded, actual)]
  }

  #compareObject(recorded: Record<string, unknown>, actual: unknown, path: string): string[] {
    if (typeof actual !== 'object' || actual === null || Array.isArray(actual))
      return [difference(path, recorded, actual)]
    const found = actual as Record<string, unknown>
    const names = new Map(Object.keys(recorded).map((name) => [this.fill(name), name]))
    const differences = [...names].flatMap(([name, recordedName]) => {
      // Dates of a stack trace and library lines follow the original files.
      if (name === 'stackTrace' && Array.isArray(found[name])) return []
      return this.differences(recorded[recordedName], found[name], `${path}.${name}`)
    })
    for (const name of Object.keys(found)) {
      if (!names.has(name) && found[name] !== undefined)
        differences.push(difference(`${path}.${name}`, undefined, found[name]))
    }
    return differences
  }

  #compareList(recorded: readonly unknown[], actual: unknown, path: string): string[] {
    if (!Array.isArray(actual) || actual.length !== recorded.length) return [difference(path, recorded, actual)]
    return recorded.flatMap((one, index) => this.differences(one, actual[index] as unknown, `${path}[${index}]`))
  }

  #compareText(recorded: string, actual: unknown, path: string): string[] {
    if (anyValue.has(recorded) || anyPlaceholder.test(recorded)) {
      return actual === undefined ? [difference(path, recorded, actual)] : []
    }
    if (recorded === '<aws_internal_failure>') return []
    if (typeof actual !== 'string') return [difference(path, recorded, actual)]
    const names: string[] = []
    const masked = inOrder(maskLists(recorded))
    const parts = masked.split(placeholder)
    const found = [...masked.matchAll(placeholder)].map(([name]) => name)
    let expression = escape(parts[0]!)
    found.forEach((name, index) => {
      const known = this.#values.get(name) ?? (/len\(|text of/.test(name) ? this.#valueOf(name) : undefined)
      if (anyPlaceholder.test(name)) expression += '.+?'
      else if (known !== undefined) expression += escape(known)
      else if (names.includes(name)) expression += `\\${names.indexOf(name) + 1}`
      else {
        names.push(name)
        expression += '(.+?)'
      }
      expression += escape(parts[index + 1]!)
    })
    expression = expression.replaceAll(/\bdate\b(?=\\t)/g, '[0-9TZ:.-]+')
    const match = new RegExp(`^${expression}$`, 's').exec(inOrder(maskLists(actual)))
    if (!match) return [difference(path, this.#shown(recorded), actual)]
    return names.flatMap((name, index) => this.#bind(name, match[index + 1]!, path))
  }

  #bind(name: string, value: string, path: string): string[] {
    const kind = distinctKinds.exec(name)?.[1]
    if (kind !== undefined) {
      for (const [other, otherValue] of this.#values) {
        if (other.startsWith(`<${kind}:`) && otherValue === value) {
          return [`${path}: ${name} should differ from ${other}, both are ${value}`]
        }
      }
    }
    this.#values.set(name, value)
    return []
  }

  #shown(text: string): string {
    return text.replaceAll(placeholder, (name) => this.#values.get(name) ?? name)
  }
}

/** The lists of runtimes inside texts are the state of the day of recording. */
function maskLists(text: string): string {
  return text.replaceAll(/enum value set: \[[^\]]*(?:nodejs|python)[^\]]*\]/g, 'enum value set: [RUNTIMES]')
}

/** In a text with more than one validation error their order says nothing. */
function inOrder(text: string): string {
  const match = /^(\d+ validation errors detected: )(.*)$/s.exec(text)
  return match
    ? match[1] +
        match[2]!
          .split(/; (?=Value )/)
          .sort()
          .join('; ')
    : text
}

function escape(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')
}

function difference(path: string, recorded: unknown, actual: unknown): string {
  return `${path}: recorded ${short(recorded)}, here ${short(actual)}`
}

function short(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value)
  return text.length > 300 ? `${text.slice(0, 300)}…` : text
}
