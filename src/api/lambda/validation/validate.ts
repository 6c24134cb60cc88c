/**
 * Checks a request against the model's constraints and says what fails in AWS's words, all of it at once:
 * `2 validation errors detected: Value 'x' at 'functionName' failed to satisfy constraint: …; Value …`.
 */
import { recalling } from '../../../base/recall.ts'
import { operationModels, shapes } from '../model/model.gen.ts'
import type { Shape } from '../model/shape.ts'
import { memberOverrides, shapeOverrides, type ShapeOverride } from './overrides.ts'
import { isWholeMatch } from './pattern.ts'

type Constraints = Shape & ShapeOverride

/** The text of the `ValidationException` that the input deserves, or `undefined` when the model allows it. */
export function validationMessage(operation: string, input: Readonly<Record<string, unknown>>): string | undefined {
  const failures: string[] = []
  const root = operationModels[operation]?.input
  if (root !== undefined) checkStructure(root, input, '', failures)
  if (failures.length === 0) return undefined
  return `${failures.length} validation error${failures.length === 1 ? '' : 's'} detected: ${failures.join('; ')}`
}

/** A shape with what the service does otherwise. `owner` is `Structure.Member`. */
export function constraintsOf(shapeName: string, owner = ''): Constraints {
  return recallConstraints(`${owner} ${shapeName}`)
}

/** Put together once; there are no more than the model has members. */
const recallConstraints = recalling((key): Constraints => {
  const [owner = '', shapeName = ''] = key.split(' ')
  return { ...shapes[shapeName]!, ...shapeOverrides[shapeName], ...memberOverrides[owner] }
}, 10_000)

interface CheckedMember {
  readonly name: string
  /** Its name in a message: the first letter small. */
  readonly shown: string
  readonly shapeName: string
  readonly required: boolean
  readonly constraints: Constraints
}

/** What is checked of a structure; worked out once. */
const membersOf = recalling(
  (structure): readonly CheckedMember[] =>
    Object.entries(shapes[structure]!.members ?? {}).map(([name, member]) => ({
      name,
      shown: `${name[0]!.toLowerCase()}${name.slice(1)}`,
      shapeName: member.shape,
      required: member.required === true,
      constraints: constraintsOf(member.shape, `${structure}.${name}`),
    })),
  Object.keys(shapes).length,
)

function checkStructure(
  name: string,
  value: Readonly<Record<string, unknown>>,
  path: string,
  failures: string[],
): void {
  for (const member of membersOf(name)) {
    const memberValue = value[member.name]
    if (memberValue === undefined) {
      if (member.required) failures.push(failure('null', `${path}${member.shown}`, 'Member must not be null'))
      continue
    }
    checkValue(
      member.constraints,
      member.shapeName,
      memberValue,
      path === '' ? member.shown : `${path}${member.shown}`,
      failures,
    )
  }
}

function checkValue(shape: Constraints, name: string, value: unknown, path: string, failures: string[]): void {
  switch (shape.type) {
    case 'structure':
      checkStructure(name, value as Record<string, unknown>, `${path}.`, failures)
      return
    case 'list':
      checkList(shape, value as readonly unknown[], path, failures)
      return
    case 'map':
      checkMap(shape, value as Readonly<Record<string, unknown>>, path, failures)
      return
    default:
      for (const constraint of brokenConstraints(shape, value)) {
        failures.push(failure(shape.sensitive ? undefined : quote(format(shape, value)), path, constraint))
      }
  }
}

function checkList(shape: Constraints, values: readonly unknown[], path: string, failures: string[]): void {
  const member = constraintsOf(shape.member!)
  const shown = quote(`[${values.map((value) => format(member, value)).join(', ')}]`)
  for (const constraint of brokenBounds(shape, values.length, 'length')) failures.push(failure(shown, path, constraint))
  if (shape.flatEnum) {
    const allowed = member.enum ?? shape.flatEnum
    if (values.some((value) => !allowed.includes(String(value))))
      failures.push(failure(shown, path, enumText(shape.flatEnum)))
    return
  }
  if (member.type === 'structure' || member.type === 'list' || member.type === 'map') {
    values.forEach((value, index) => checkValue(member, shape.member!, value, `${path}.${index + 1}.member`, failures))
    return
  }
  if (values.every((value) => brokenConstraints(member, value).length === 0)) return
  const all = [...allConstraints(member), ...(member.nullable ? [] : ['Member must not be null'])]
  failures.push(
    failure(member.sensitive ? undefined : shown, path, `Member must satisfy constraint: [${all.join(', ')}]`),
  )
}

function checkMap(
  shape: Constraints,
  values: Readonly<Record<string, unknown>>,
  path: string,
  failures: string[],
): void {
  const [key, value] = [constraintsOf(shape.key!), constraintsOf(shape.value!)]
  const entries = Object.entries(values)
  const hidden = shape.sensitive || key.sensitive || value.sensitive
  const shown = hidden ? undefined : quote(`{${entries.map(([k, v]) => `${k}=${format(value, v)}`).join(', ')}}`)
  for (const constraint of brokenBounds(shape, entries.length, 'length'))
    failures.push(failure(shown, path, constraint))
  if (entries.some(([name]) => brokenConstraints(key, name).length > 0)) {
    failures.push(failure(shown, path, `Map keys must satisfy constraint: [${allConstraints(key).join(', ')}]`))
  }
  if (entries.some(([, one]) => brokenConstraints(value, one).length > 0)) {
    const all = [...allConstraints(value), 'Member must not be null']
    failures.push(failure(shown, path, `Map value must satisfy constraint: [${all.join(', ')}]`))
  }
}

function failure(shown: string | undefined, path: string, constraint: string): string {
  return `Value${shown === undefined ? '' : ` ${shown}`} at '${path}' failed to satisfy constraint: ${constraint}`
}

function quote(text: string): string {
  return `'${text}'`
}

/** The constraints that a single value breaks, in the order in which the service prints them. */
function brokenConstraints(shape: Constraints, value: unknown): readonly string[] {
  if (typeof value === 'string' && holds(shape, value)) return none
  const broken: string[] = []
  if (typeof value === 'number') broken.push(...brokenBounds(shape, value, 'value'))
  if (typeof value !== 'string') return broken
  broken.push(...brokenBounds(shape, value.length, 'length'))
  if (shape.pattern !== undefined && !isWholeMatch(shape.pattern, value)) broken.push(patternText(shape.pattern))
  if (shape.enum && !shape.noEnum && !shape.enum.includes(value)) broken.push(enumText(shape.enum))
  return broken
}

const none: readonly string[] = []

/** The usual answer, without a list for what is broken. */
function holds(shape: Constraints, text: string): boolean {
  if (shape.max !== undefined && text.length > shape.max) return false
  if (shape.min !== undefined && text.length < shape.min) return false
  if (shape.pattern !== undefined && !isWholeMatch(shape.pattern, text)) return false
  return !shape.enum || shape.noEnum === true || shape.enum.includes(text)
}

function brokenBounds(shape: Constraints, measure: number, what: 'length' | 'value'): string[] {
  const broken: string[] = []
  if (shape.max !== undefined && measure > shape.max) broken.push(maxText(shape, what))
  if (shape.min !== undefined && measure < shape.min) broken.push(minText(shape, what))
  return broken
}

/** All constraints of a shape, broken or not: members of lists and maps are told together. */
function allConstraints(shape: Constraints): string[] {
  const what = shape.type === 'string' ? 'length' : 'value'
  return [
    ...(shape.max === undefined ? [] : [maxText(shape, what)]),
    ...(shape.min === undefined ? [] : [minText(shape, what)]),
    ...(shape.pattern === undefined ? [] : [patternText(shape.pattern)]),
    ...(shape.enum === undefined || shape.noEnum ? [] : [enumText(shape.enum)]),
  ]
}

function maxText(shape: Constraints, what: 'length' | 'value'): string {
  return `Member must have ${what} less than or equal to ${bound(shape, shape.max!)}`
}

function minText(shape: Constraints, what: 'length' | 'value'): string {
  return `Member must have ${what} greater than or equal to ${bound(shape, shape.min!)}`
}

function patternText(pattern: string): string {
  return `Member must satisfy regular expression pattern: ${pattern}`
}

function enumText(values: readonly string[]): string {
  return `Member must satisfy enum value set: [${values.join(', ')}]`
}

/** As Java prints it: a double always with a decimal point. */
function bound(shape: Constraints, value: number): string {
  return shape.type === 'double' || shape.type === 'float' ? format(shape, value) : String(value)
}

function format(shape: Constraints, value: unknown): string {
  const isReal = shape.type === 'double' || shape.type === 'float'
  return isReal && Number.isInteger(value) ? `${String(value)}.0` : String(value)
}
