/**
 * Evaluates IAM policy documents: an explicit `Deny` wins, then an `Allow`, else no.
 *
 * Only what can be decided here is decided: a statement with a `Condition`, `NotPrincipal` or an element that we do not know never
 * allows anything, and a conditional `Deny` denies. So a doubt never opens a door.
 * @see IAM user guide, "Policy evaluation logic"
 */
export interface AccessQuestion {
  /** `lambda:InvokeFunction` */
  readonly action: string
  /** `arn:aws:lambda:us-east-1:123456789012:function:hello`, or `*` for actions without a resource. */
  readonly resource: string
}

export type AccessDecision = 'allowed' | 'denied' | 'not-granted'

/** Decides over the documents (JSON texts) of one principal. A document that cannot be read grants nothing. */
export function evaluatePolicies(documents: readonly string[], question: AccessQuestion): AccessDecision {
  let decision: AccessDecision = 'not-granted'
  for (const statement of documents.flatMap(statementsOf)) {
    if (!applies(statement, question)) continue
    if (statement['Effect'] === 'Deny') return 'denied'
    if (statement['Effect'] === 'Allow' && statement['Condition'] === undefined) decision = 'allowed'
  }
  return decision
}

type Statement = Readonly<Record<string, unknown>>

function statementsOf(document: string): readonly Statement[] {
  try {
    const parsed = JSON.parse(document) as { Statement?: Statement | readonly Statement[] }
    const statements = parsed.Statement ?? []
    return (Array.isArray(statements) ? statements : [statements]) as readonly Statement[]
  } catch {
    return []
  }
}

function applies(statement: Statement, question: AccessQuestion): boolean {
  return (
    elementApplies(statement, 'Action', question.action, true) &&
    elementApplies(statement, 'Resource', question.resource, false)
  )
}

/** `Action`/`NotAction`, `Resource`/`NotResource`: actions compare without regard to case. */
function elementApplies(statement: Statement, element: string, value: string, foldCase: boolean): boolean {
  const wanted = statement[element]
  const excluded = statement[`Not${element}`]
  if (wanted !== undefined) return texts(wanted).some((pattern) => matches(pattern, value, foldCase))
  return excluded !== undefined && !texts(excluded).some((pattern) => matches(pattern, value, foldCase))
}

function texts(value: unknown): readonly string[] {
  return (Array.isArray(value) ? value : [value]).filter((text): text is string => typeof text === 'string')
}

/** `*` is any run of characters, `?` is one. */
function matches(pattern: string, value: string, foldCase: boolean): boolean {
  const source = pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.')
  return new RegExp(`^${source}$`, foldCase ? 'is' : 's').test(value)
}
