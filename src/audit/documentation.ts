import type { DocumentedFinding } from './finding.ts'
import type { Rule } from './rule.ts'
import { isOverBudget } from './rules/budget.ts'

const severities = {
  error: 'error: will not run',
  warning: 'warning: may not run',
  info: 'info: worth knowing',
} as const

/** What a page says of a rule. */
export type DocumentedRule = Pick<Rule, 'name' | 'summary' | 'findings'>

/** The reference of every rule and finding, as Markdown, from the definitions that the audit itself uses. */
export function auditReference(rules: readonly DocumentedRule[]): string {
  return [
    '# What `zipyard check` finds',
    '',
    'Printed from the code; every build, every `zipyard check` and every upload to the service asks the same questions.',
    'A code never changes its meaning. Nothing that is checked is executed, but by the import proof (`--import`).',
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

function ruleSection(rule: DocumentedRule): string[] {
  return [`## ${rule.name}`, '', rule.summary, '', ...rule.findings.flatMap(findingSection)]
}

function findingSection({ code, title, severity, certainty, why, sample }: DocumentedFinding): string[] {
  return [
    `### ${code}`,
    '',
    `**${title}** (${isOverBudget({ code }) && severity === 'error' ? 'error: the project itself refuses it' : severities[severity]}${certainty === 'likely' ? '; likely, not certain' : ''})`,
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
