import { logicalLines } from '../python/logical-lines.ts'

/** A client of an AWS service that a file makes, by a name that is written out. */
export interface ServiceClient {
  /** As the SDK calls it: `s3vectors`. */
  readonly service: string
  readonly line: number
}

/**
 * The AWS services whose clients a Python file makes: `boto3.client('s3')`, `session.resource('s3')`, `Session().client(service_name='s3')`,
 * `create_client` of botocore. Names that are put together at run time are nobody's business, and neither is a file that knows no `boto`.
 * @example serviceClients(Buffer.from("import boto3\ns3 = boto3.client('s3')")) // [{ service: 's3', line: 2 }]
 */
export function serviceClients(source: Uint8Array): readonly ServiceClient[] {
  const bytes = Buffer.from(source.buffer, source.byteOffset, source.byteLength)
  if (!bytes.includes('boto') || !(bytes.includes('client') || bytes.includes('resource'))) return []
  const sessions = new Set(['boto3'])
  const functions = new Set<string>()
  const found: ServiceClient[] = []
  for (const { text, line } of logicalLines(source, isName)) {
    for (const [, alias] of text.matchAll(/\bimport\s+boto3\s+as\s+(\w+)/g)) sessions.add(alias!)
    for (const [, name] of text.matchAll(/\b(\w+)\s*=\s*(?:await\s+)?[\w.]*(?:Session|get_session)\s*\(/g))
      sessions.add(name!)
    const imported = /^from\s+boto3\s+import\s+(.*)$/.exec(text)?.[1] ?? ''
    for (const [, name, alias] of imported.matchAll(/\b(client|resource)\b(?:\s+as\s+(\w+))?/g))
      functions.add(alias ?? name!)
    for (const [, maker, service] of text.matchAll(call))
      if (isSession(maker!, sessions)) found.push({ service: service!, line })
    if (functions.size === 0) continue
    for (const [, name, service] of text.matchAll(bareCall))
      if (functions.has(name!)) found.push({ service: service!, line })
  }
  return found
}

const argument = String.raw`\s*\(\s*(?:service_name\s*=\s*)?u?['"]([a-z0-9][\w.-]*)['"]\s*[,)]`
const call = new RegExp(String.raw`(\w+|\))\s*\.\s*(?:client|resource|create_client)${argument}`, 'g')
const bareCall = new RegExp(String.raw`(?<![\w.])(\w+)${argument}`, 'g')

/** What may be the name of a service; prose and code in docstrings are not. */
function isName(literal: string): boolean {
  return /^(['"])[a-z0-9][\w.-]*\1$/.test(literal)
}

/** By what it is called, or by what made it: `boto3.Session(…).client(…)`. */
function isSession(maker: string, sessions: ReadonlySet<string>): boolean {
  return maker === ')' || sessions.has(maker) || /session$/i.test(maker)
}
