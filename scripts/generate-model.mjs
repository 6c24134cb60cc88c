/**
 * Writes src/api/lambda/model/model.gen.ts from botocore's model of the Lambda API (Apache-2.0 data).
 *
 *   node scripts/generate-model.mjs [FOLDER]
 *
 * FOLDER is a botocore package (with `data/lambda`); without it, the one of the Python on PATH. Run by hand when AWS publishes
 * a new model; the result is checked in.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'

const python = 'import botocore, os; print(os.path.dirname(botocore.__file__))'
const folder = process.argv[2] ?? execFileSync('python3', ['-c', python], { encoding: 'utf8' }).trim()
const version = /__version__ = '([^']+)'/.exec(readFileSync(join(folder, '__init__.py'), 'utf8'))[1]
const model = readModel(join(folder, 'data/lambda/2015-03-31/service-2.json'))

const shapes = {}
const operations = Object.entries(model.operations).map(([name, operation]) => {
  const { method, requestUri, responseCode = 200 } = operation.http
  if (operation.input) addShape(operation.input.shape)
  return [
    name,
    { method, uri: requestUri, status: responseCode, ...(operation.input && { input: operation.input.shape }) },
  ]
})
const errors = Object.entries(model.shapes)
  .filter(([, shape]) => shape.exception)
  .map(([name, shape]) => [
    name,
    { status: shape.error?.httpStatusCode ?? 500, message: shape.members.Message ? 'Message' : 'message' },
  ])

const lines = (entries) =>
  entries.map(([name, value]) => `  ${JSON.stringify(name)}: ${JSON.stringify(value)},`).join('\n')
const sorted = (entries) => [...entries].sort(([a], [b]) => (a < b ? -1 : 1))
writeFileSync(
  new URL('../src/api/lambda/model/model.gen.ts', import.meta.url),
  `/** Made by scripts/generate-model.mjs from the Lambda API model of botocore (Apache-2.0 data). Not edited by hand. */
import type { ErrorModel, OperationModel, Shape } from './shape.ts'

export const modelSource = 'botocore ${version}, lambda/2015-03-31/service-2.json'

// prettier-ignore
export const operationModels: Readonly<Record<string, OperationModel>> = {
${lines(sorted(operations))}
}

// prettier-ignore
export const shapes: Readonly<Record<string, Shape>> = {
${lines(sorted(Object.entries(shapes)))}
}

// prettier-ignore
export const errorModels: Readonly<Record<string, ErrorModel>> = {
${lines(sorted(errors))}
}
`,
)
process.stderr.write(`${operations.length} operations, ${Object.keys(shapes).length} shapes, ${errors.length} errors\n`)

function readModel(path) {
  return JSON.parse(existsSync(path) ? readFileSync(path, 'utf8') : gunzipSync(readFileSync(`${path}.gz`)).toString())
}

/** Adds a shape and all it is made of. Documentation and client hints are dropped. */
function addShape(name) {
  if (shapes[name]) return
  const {
    type,
    min,
    max,
    pattern,
    enum: values,
    sensitive,
    members,
    required = [],
    member,
    key,
    value,
    payload,
  } = model.shapes[name]
  const shape = (shapes[name] = { type, min, max, pattern, enum: values, sensitive })
  if (type === 'structure') {
    shape.members = Object.fromEntries(
      Object.entries(members).map(([memberName, { shape: memberShape, location, locationName }]) => {
        addShape(memberShape)
        const wire = locationName !== undefined && locationName !== memberName ? locationName : undefined
        return [
          memberName,
          {
            shape: memberShape,
            in: location ?? (payload === memberName ? 'payload' : undefined),
            wire,
            required: required.includes(memberName) || undefined,
          },
        ]
      }),
    )
  }
  for (const [part, reference] of Object.entries({ member, key, value })) {
    if (!reference) continue
    addShape(reference.shape)
    shape[part] = reference.shape
  }
}
