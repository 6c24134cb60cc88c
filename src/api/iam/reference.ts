/** Prints docs/reference/iam.md from the operation lists of IAM and STS. */
import { stsOperations } from '../sts/sts-service.ts'
import { iamOperations } from './iam-service.ts'

function list(operations: object): string {
  return Object.keys(operations)
    .sort()
    .map((name) => `- ${name}`)
    .join('\n')
}

export function iamReference(): string {
  return `# IAM and STS

<!-- Printed from the code by \`npm run docs\`; not edited by hand. -->

Roles and policies are stored, returned and, for the roles of functions, enforced: a function calls this service with short-lived keys of its role, and may do
what the role's inline and attached policies allow. Keys of people (\`zipyard keys\`) may do everything in their account.

## IAM

${list(iamOperations)}

## STS

${list(stsOperations)}

Every other action answers 400 \`InvalidAction\` with its name.

## What is enforced

| | |
|---|---|
| inline policies, customer managed policies (default version) | enforced for function roles: an explicit \`Deny\` wins, then an \`Allow\`, else no |
| AWS managed policies | attachable by ARN; those that functions use most are known, the others grant nothing |
| conditions | a statement with one never allows; a \`Deny\` with one denies |
| trust policies | AssumeRole needs a statement without conditions that names the caller's account, ARN or \`*\` |
| keys of AssumeRole and GetSessionToken | live as long as they say, also when the service restarts; those of execution environments end with their environment |
| session policies, permissions boundaries, tags | stored or ignored, not enforced |
| roles of CreateFunction | need not exist; a role that does not exist grants nothing |

There are no users, groups, instance profiles or identity providers.
`
}
