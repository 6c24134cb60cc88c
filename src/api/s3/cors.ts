/** Which pages of other origins may call a bucket: the CORS rules that its owner put. */
import type { RequestHead } from '../http/message.ts'
import { findBucketSetting } from '../../objects/bucket.ts'
import type { CatalogQueries } from '../../store/catalog.ts'
import { childrenNamed, parseXml, textOf, type XmlNode } from '../xml/xml-reader.ts'
import { readAddress } from './address.ts'
import { single } from './object-headers.ts'

/** The headers of the first rule that matches, or `undefined` when none does. @see S3 user guide, "Elements of a CORS configuration" */
export async function corsHeaders(
  db: CatalogQueries,
  head: RequestHead,
  origin: string,
): Promise<Readonly<Record<string, string>> | undefined> {
  const { bucket } = readAddress(head)
  const document = bucket === undefined ? undefined : await findBucketSetting(db, bucket, 'cors')
  if (document === undefined) return undefined
  const isPreflight = head.method === 'OPTIONS'
  const method = isPreflight ? single(head.headers['access-control-request-method']) : head.method
  const asked = (isPreflight ? (single(head.headers['access-control-request-headers']) ?? '') : '')
    .split(',')
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '')
  const rule = childrenNamed(parseXml(document), 'CORSRule').find(
    (one) =>
      texts(one, 'AllowedOrigin').some((pattern) => matches(pattern, origin)) &&
      texts(one, 'AllowedMethod').includes(method ?? '') &&
      asked.every((name) => texts(one, 'AllowedHeader').some((pattern) => matches(pattern.toLowerCase(), name))),
  )
  if (!rule) return undefined
  const exposed = texts(rule, 'ExposeHeader')
  const maxAge = textOf(rule, 'MaxAgeSeconds')
  const isAny = texts(rule, 'AllowedOrigin').includes('*')
  return {
    'access-control-allow-origin': isAny ? '*' : origin,
    'access-control-allow-methods': texts(rule, 'AllowedMethod').join(', '),
    ...(asked.length > 0 && { 'access-control-allow-headers': asked.join(', ') }),
    ...(exposed.length > 0 && { 'access-control-expose-headers': exposed.join(', ') }),
    ...(maxAge !== undefined && /^\d{1,9}$/.test(maxAge) && { 'access-control-max-age': maxAge }),
    ...(!isAny && { 'access-control-allow-credentials': 'true' }),
    vary: 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method',
  }
}

function texts(rule: XmlNode, name: string): readonly string[] {
  return childrenNamed(rule, name).map((node) => node.text.trim())
}

/** At most one `*` in a pattern. */
function matches(pattern: string, text: string): boolean {
  const star = pattern.indexOf('*')
  if (star < 0) return pattern === text
  const [start, end] = [pattern.slice(0, star), pattern.slice(star + 1)]
  return text.length >= start.length + end.length && text.startsWith(start) && text.endsWith(end)
}
