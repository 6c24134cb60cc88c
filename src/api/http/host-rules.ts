/**
 * Which `Host` and `Origin` a request may carry. A page in a browser can reach a service on loopback; a foreign name that resolves to
 * 127.0.0.1 (DNS rebinding) or a request from another page must not.
 */

import { recalling } from '../../base/recall.ts'

/** What a `Host` header says, or `undefined` when it is none of ours. */
export interface KnownHost {
  /** S3 virtual-host addressing: `BUCKET.s3.NAME` or `BUCKET.s3.REGION.NAME`. */
  readonly bucket?: string | undefined
}

const ours: KnownHost = {}

/** Service labels that SDKs put before an endpoint's name. */
const serviceHost = /^(?:(?<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])\.)?(?:s3|lambda|sts|iam|logs)(?:\.[a-z0-9-]+)?$/

/** @example knownHost('photos.s3.localhost:4570', []) // { bucket: 'photos' } */
export function knownHost(header: string | undefined, names: readonly string[]): KnownHost | undefined {
  const known = recallName(header ?? '')
  if (!known) return undefined
  const { name } = known
  if (known.isLoopback || names.includes(name)) return ours
  const base = ['localhost', ...names].find((one) => name.endsWith(`.${one}`))
  if (base === undefined) return undefined
  const match = serviceHost.exec(name.slice(0, -base.length - 1))
  return match ? { bucket: match.groups?.['bucket'] } : undefined
}

/** Whether a browser sent this from a page that is not ours. `Origin: null` is foreign. */
export function isForeignOrigin(headers: { readonly [name: string]: string | string[] | undefined }): boolean {
  const site = headers['sec-fetch-site']
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return true
  const origin = headers['origin']
  if (origin === undefined) return false
  return origin !== `http://${String(headers['host'])}` && origin !== `https://${String(headers['host'])}`
}

/** The name of a `Host` header in lower case, without its port; `undefined` when it is malformed. */
export function hostName(header: string | undefined): string | undefined {
  return recallName(header ?? '')?.name
}

const recallName = recalling((header) => {
  const match = /^(\[[0-9a-f:.]+\]|[a-z0-9_.-]+)(?::\d{1,5})?$/.exec(header.toLowerCase())
  if (!match) return undefined
  const name = match[1]!.replace(/\.$/, '')
  return { name, isLoopback: isLoopback(name) }
})

function isLoopback(name: string): boolean {
  return name === 'localhost' || name === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(name)
}
