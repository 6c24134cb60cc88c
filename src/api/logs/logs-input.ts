/** Reads the members of a request, each with its constraint and AWS's words when it does not hold. */
import { invalidParameter, LogsFault } from './logs-fault.ts'

export class LogsInput {
  readonly #members: Readonly<Record<string, unknown>>

  /** @throws SerializationException when the body is not a JSON object */
  constructor(body: Buffer) {
    let parsed: unknown
    try {
      parsed = JSON.parse(body.length === 0 ? '{}' : body.toString())
    } catch {
      throw new LogsFault('SerializationException', 'The request body is not JSON')
    }
    if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
      throw new LogsFault('SerializationException', 'Start of structure or map found where not expected.')
    }
    this.#members = parsed as Record<string, unknown>
  }

  has(name: string): boolean {
    return this.#members[name] !== undefined && this.#members[name] !== null
  }

  text(name: string, constraint: TextConstraint = {}): string | undefined {
    const value = this.#members[name]
    if (value === undefined || value === null) return undefined
    if (typeof value !== 'string') throw wrongType(value)
    return checkText(name, value, constraint)
  }

  requiredText(name: string, constraint: TextConstraint = {}): string {
    return this.text(name, constraint) ?? this.#missing(name)
  }

  integer(name: string, range: { readonly min?: number; readonly max?: number } = {}): number | undefined {
    const value = this.#members[name]
    if (value === undefined || value === null) return undefined
    if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw wrongType(value)
    const { min = 0, max } = range
    if (value < min) throw constraintFailed(name, value, `Member must have value greater than or equal to ${min}`)
    if (max !== undefined && value > max)
      throw constraintFailed(name, value, `Member must have value less than or equal to ${max}`)
    return value
  }

  flag(name: string): boolean {
    const value = this.#members[name]
    if (value === undefined || value === null) return false
    if (typeof value !== 'boolean') throw wrongType(value)
    return value
  }

  texts(name: string, constraint: TextConstraint & { readonly limit: number }): readonly string[] | undefined {
    const value = this.#members[name]
    if (value === undefined || value === null) return undefined
    if (!Array.isArray(value) || value.some((one) => typeof one !== 'string')) throw wrongType(value)
    if (value.length > constraint.limit) {
      throw constraintFailed(name, value, `Member must have length less than or equal to ${constraint.limit}`)
    }
    return value.map((one: string) => checkText(name, one, constraint))
  }

  list(name: string): readonly Readonly<Record<string, unknown>>[] {
    const value = this.#members[name]
    if (value === undefined || value === null) return this.#missing(name)
    const isList = Array.isArray(value) && value.every((one) => typeof one === 'object' && one !== null)
    if (!isList) throw wrongType(value)
    return value as Record<string, unknown>[]
  }

  tags(name: string): Readonly<Record<string, string>> | undefined {
    const value = this.#members[name]
    if (value === undefined || value === null) return undefined
    if (typeof value !== 'object' || Object.values(value).some((one) => typeof one !== 'string')) throw wrongType(value)
    const tags = value as Record<string, string>
    for (const [key, text] of Object.entries(tags)) {
      if (key === '' || key.length > 128) throw invalidParameter(`The tag key \`${key}\` must have 1 to 128 characters`)
      if (text.length > 256) throw invalidParameter(`The value of the tag \`${key}\` is longer than 256 characters`)
    }
    return tags
  }

  #missing(name: string): never {
    throw invalidParameter(
      `1 validation error detected: Value null at '${name}' failed to satisfy constraint: Member must not be null`,
    )
  }
}

export interface TextConstraint {
  readonly min?: number
  readonly max?: number
  /** As AWS prints it; anchored when compared. */
  readonly pattern?: string
  readonly oneOf?: readonly string[]
  /** AWS does not repeat the value. */
  readonly isHidden?: boolean
}

export const groupName: TextConstraint = { min: 1, max: 512, pattern: '[\\.\\-_/#A-Za-z0-9]+' }
export const streamName: TextConstraint = { min: 1, max: 512, pattern: '[^:*]*' }

function checkText(name: string, value: string, constraint: TextConstraint): string {
  const { min = 0, max = 65_536, pattern, oneOf, isHidden } = constraint
  const failures: string[] = []
  if (pattern !== undefined && !new RegExp(`^(?:${pattern})$`).test(value)) {
    failures.push(`Member must satisfy regular expression pattern: ${pattern}`)
  }
  if (value.length < min) failures.push(`Member must have length greater than or equal to ${min}`)
  if (value.length > max) failures.push(`Member must have length less than or equal to ${max}`)
  if (oneOf && !oneOf.includes(value)) failures.push(`Member must satisfy enum value set: [${oneOf.join(', ')}]`)
  // SQLite's drivers cut text there; CloudWatch has no use for it in a name either.
  if (value.includes('\0')) failures.push('Member must not hold NUL')
  if (failures.length === 0) return value
  const plural = failures.length === 1 ? 'error' : 'errors'
  throw invalidParameter(
    `${failures.length} validation ${plural} detected: ` +
      failures
        .map((failure) => `Value ${isHidden ? '' : `'${value}' `}at '${name}' failed to satisfy constraint: ${failure}`)
        .join('; '),
  )
}

function constraintFailed(name: string, value: unknown, constraint: string): LogsFault {
  return invalidParameter(
    `1 validation error detected: Value '${String(value)}' at '${name}' failed to satisfy constraint: ${constraint}`,
  )
}

function wrongType(value: unknown): LogsFault {
  return new LogsFault('SerializationException', `${typeof value} can not be converted to the type that was expected`)
}
