/** Prints docs/reference/uploads.md from the table that the scenario test runs. */
import { foreignPackages, pathOf, sourceTree, type ForeignPackage } from './foreign-packages.ts'

export function uploadsReference(): string {
  return `# Packages made by other tools

<!-- Printed from the code by \`npm run docs\`; not edited by hand. -->

What an upload becomes in \`/var/task\`. Each package is made by the tool itself, from the same folder, uploaded with CreateFunction, and listed by the
function that is in it (\`test/scenarios/foreign-packages.test.ts\`); those of Windows and macOS are likenesses, with the names and headers of such packages.
Permission bits are the zip's own; a file that has none gets 0644, a folder 0755. A link is a link where the zip says so.

The folder:

\`\`\`
${sourceTree.join('\n')}
\`\`\`

| Made by | How | The function finds | On AWS |
|---|---|---|---|
${foreignPackages.map(row).join('\n')}

*recorded*: AWS's answer was recorded. *documented*: AWS's documentation says so. *unverified*: this is what the zip format says, and AWS's answer is not
known to us. ${countOf()}

A refused upload is answered 400 \`InvalidParameterValueException\`, "Could not unzip uploaded file. Please check your file, then try to upload again.", as
AWS was recorded to answer what is no zip. \`zipyard check\` says what is wrong with a package; \`zipyard repair\` turns backslashes into folders.
`
}

function row(foreign: ForeignPackage): string {
  // The fixtures' own programs are long; what people type is shown instead.
  const how = code(foreign.shown ?? foreign.shell.replace(' > ../log.txt', ''))
  return `| ${foreign.tool} | ${how} | ${finding(foreign)} | ${foreign.evidence}: ${foreign.source} |`
}

/** How what the function finds differs from the folder. */
function finding({ finds }: ForeignPackage): string {
  if (finds === 'refused') return '**refused**'
  const paths = new Set(finds.map(pathOf))
  const other = finds.filter((line) => !sourceTree.includes(line)).map(code)
  const missing = sourceTree.map(pathOf).filter((path) => !paths.has(path))
  const parts = [...other, ...(missing.length > 0 ? [`no ${missing.map(code).join(', ')}`] : [])]
  return parts.length === 0 ? 'the same' : `the same, but ${parts.join('; ')}`
}

function countOf(): string {
  const counts = (['recorded', 'documented', 'unverified'] as const).map(
    (evidence) => `${foreignPackages.filter((one) => one.evidence === evidence).length} ${evidence}`,
  )
  return `Of these rows: ${counts.join(', ')}.`
}

function code(text: string): string {
  return `\`${text.replaceAll('|', '\\|')}\``
}
