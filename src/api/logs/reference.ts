/** Prints docs/reference/logs.md from the operation list. */
import { logsOperations } from './logs-service.ts'

export function logsReference(): string {
  const names = Object.keys(logsOperations).sort()
  return `# CloudWatch Logs

<!-- Printed from the code by \`npm run docs\`; not edited by hand. -->

What functions print, START, END and REPORT lines, and what clients put. \`zipyard logs\`, \`aws logs tail --follow\`, boto3 and \`sam logs\` read it.

Served, each needing \`logs:NAME\` when a role calls it:

${names.map((name) => `- ${name}`).join('\n')}

Every other operation answers 400 \`UnknownOperationException\` with its name.

A function's group is made with its first line. Lines are readable at once and on disk within a tenth of a second; they are the one thing that a
power cut, not the end of the process, may take the last moments of. What a client was told is stored (groups, retention, tags) survives both.
Events older than the group's retention are removed hourly. Streams are never removed by themselves. What functions log, of all groups together, takes 1 GiB at most, less where the volume is nearly full: then
the oldest events of the group with most are forgotten (see [fidelity](fidelity.md#logs)). Events of PutLogEvents are not.

## Filter patterns

| Pattern | Passes |
|---|---|
| \`ERROR timeout\` | messages that contain both |
| \`"exact phrase"\` | needed for whatever is not letters, digits and underscores; \`\\"\` is a quote |
| \`?ERROR ?WARN\` | any of them; beside a required term, optional ones change nothing |
| \`ERROR -EXITING\` | the first and not the second |
| \`%ERR[0-9]+%\` | a regular expression: \`^ $ ? * + . [] {m,n} \\|\`, classes \`\\d \\s \\w\`, \`\\xHH\`; no parentheses |
| \`{ $.level = "ERROR" && $.ms > 100 }\` | JSON messages: \`= != < > <= >=\`, \`*\` in text, \`IS TRUE\`, \`IS FALSE\`, \`IS NULL\`, \`NOT EXISTS\`, \`&&\`, \`\\|\\|\`, parentheses, \`$.a.b[0]\`, \`$.a[*]\`, \`$['a b']\` |
| \`[ip, ..., status = 4*, bytes > 1000]\` | fields between spaces, quoted and bracketed ones whole |

## What is different from AWS

Log classes and encryption keys are stored and returned only. There are no metric filters, subscriptions, Insights queries, exports or live tails.
A regular expression in a pattern runs in time proportional to its length and the message's. Which optional terms count beside required ones
follows the documentation and is not recorded from AWS.
`
}
