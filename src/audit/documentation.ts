import type { DocumentedFinding } from './finding.ts'
import type { Rule } from './rule.ts'
import { rules } from './rules.ts'

const severities = {
  error: 'error: will not run',
  warning: 'warning: may not run',
  info: 'info: worth knowing',
} as const

/** The reference of every rule and finding, as Markdown, from the definitions that the audit itself uses. */
export function auditReference(): string {
  return [
    '# What `zipyard check` finds',
    '',
    'Printed from the code; every build, every `zipyard check` and every upload to the service asks the same questions.',
    'A code never changes its meaning. Nothing that is checked is executed.',
    '',
    '| Code | Severity | What is the matter |',
    '|---|---|---|',
    ...rules.flatMap((rule) =>
      rule.findings.map(
        (finding) => `| [${finding.code}](#${finding.code.toLowerCase()}) | ${finding.severity} | ${finding.title} |`,
      ),
    ),
    '',
    ...rules.flatMap(ruleSection),
  ].join('\n')
}

function ruleSection(rule: Rule): string[] {
  return [`## ${rule.name}`, '', rule.summary, '', ...rule.findings.flatMap(findingSection)]
}

function findingSection({ code, title, severity, certainty, why, sample }: DocumentedFinding): string[] {
  return [
    `### ${code}`,
    '',
    `**${title}** (${severities[severity]}${certainty === 'likely' ? '; likely, not certain' : ''})`,
    '',
    why,
    '',
    '```',
    `${severity}: ${sample.sentence} (${code})`,
    '',
    `hint: ${sample.hint}`,
    '```',
    '',
  ]
}
