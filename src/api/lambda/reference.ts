/** Prints docs/reference/api.md from the operation list. */
import { modelSource, operationModels } from './model/model.gen.ts'
import type { Support } from './operation.ts'
import { operations } from './operations.ts'

const meanings: readonly (readonly [Support, string])[] = [
  ['implemented', 'has its effect'],
  ['stored', 'its only effect is to be read back'],
  ['refused', 'answers 400 `InvalidParameterValueException` with a sentence that names it'],
]

export function lambdaReference(): string {
  const rows = [...operations.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
  const table = rows.map(({ name, support, note }) => {
    const { method, uri, status } = operationModels[name]!
    return `| ${name} | ${support} | \`${method} ${uri}\` | ${support === 'refused' ? '' : status} | ${note ?? ''} |`
  })
  const counts = meanings.map(([support, meaning]) => {
    const count = rows.filter((row) => row.support === support).length
    return `- **${support}** (${count}): ${meaning}`
  })
  return `# The Lambda API

<!-- Printed from the code by \`npm run docs\`; not edited by hand. -->

Every operation of the official model (${modelSource}) is named here.

${counts.join('\n')}

Members of requests that are refused, each by name: \`PackageType\` \`Image\`, \`CapacityProviderConfig\`, \`DurableConfig\`, \`TenancyConfig\`,
\`PublishTo\`, \`S3ObjectStorageMode\` \`REFERENCE\`, the code signing policy \`Enforce\`. Networks and encryption keys are stored and read back; a function with
file systems is stored and refused when it is invoked. Roles are not checked to exist.

Status is that of success. Errors have the type, status and wording of AWS; \`npm run conformance\` compares them with recorded answers.

| Operation | Support | Request | Status | |
|---|---|---|---|---|
${table.join('\n')}
`
}
