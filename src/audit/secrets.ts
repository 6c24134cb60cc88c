/**
 * Finds what must not be published in a project's own files. What was found is named, its value is never kept.
 */
export interface FoundSecret {
  readonly what: string
  /** Line of the file, from 1; 0 when its name alone says it. */
  readonly line: number
}

const byName: readonly (readonly [RegExp, string])[] = [
  [/(?:^|\/)\.env(?:\.(?!example$|sample$|template$|dist$)[\w-]+)?$/, 'an environment file'],
  [/(?:^|\/)id_(?:rsa|dsa|ecdsa|ed25519)$/, 'a private SSH key'],
  [/(?:^|\/)\.aws\/credentials$/, 'AWS credentials'],
  [/(?:^|\/)\.(?:netrc|pypirc|pgpass|htpasswd|git-credentials)$/, 'stored passwords'],
  [/(?:^|\/)\.docker\/config\.json$/, 'registry credentials'],
  [/(?:^|\/)\.git\/config$/, 'a git repository with its remotes'],
  [/\.(?:p12|pfx|jks|keystore)$/, 'a key store'],
]

/**
 * Value patterns of issuers who document them, and private keys by their armour. Documentation's own examples
 * (AKIAIOSFODNN7EXAMPLE) are no secrets.
 */
const byContent: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN (?:RSA |EC |DSA |OPENSSH |ENCRYPTED |PGP )?PRIVATE KEY(?: BLOCK)?-----\s*[\r\n]/, 'a private key'],
  [/\b(?:AKIA|ASIA)(?![A-Z0-9]*EXAMPLE)[A-Z2-7]{16}\b/, 'an AWS access key id'],
  [
    /(?:aws.{0,20})?secret.{0,20}[=:]\s*["']?(?=[A-Za-z0-9/+]*[/+0-9])(?![A-Za-z0-9/+]*EXAMPLE)[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+])/i,
    'an AWS secret access key',
  ],
  [/\bgh[pousr]_[A-Za-z0-9]{36,}\b/, 'a GitHub token'],
  [/\bgithub_pat_\w{50,}\b/, 'a GitHub token'],
  [/\bxox[abprs]-[A-Za-z0-9-]{20,}\b/, 'a Slack token'],
  [/\bsk_live_[A-Za-z0-9]{20,}\b/, 'a Stripe key'],
  [/\bpypi-AgEIcHlwaS5vcmc[\w-]{50,}\b/, 'a PyPI token'],
  [/\bAIza[\w-]{35}\b/, 'a Google API key'],
]

export function findSecret(path: string, bytes: Uint8Array): FoundSecret | undefined {
  const named = byName.find(([pattern]) => pattern.test(path))
  if (named) return { what: named[1], line: 0 }
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
  for (const [pattern, what] of byContent) {
    const match = pattern.exec(text)
    if (match) return { what, line: text.slice(0, match.index).split('\n').length }
  }
  return undefined
}
