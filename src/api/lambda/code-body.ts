/**
 * Reads the body of CreateFunction, UpdateFunctionCode and PublishLayerVersion: JSON with up to 50 MB of base64 in one string.
 *
 * The package is decoded piece by piece and handed on while the rest of the JSON is put aside, so that neither a 70 MB string is made nor
 * the event loop held up. Only the strings at `ZipFile`, `Code.ZipFile` and `Content.ZipFile` are taken out.
 */
import type { Readable } from 'node:stream'
import type { SentPackage } from '../../functions/sent-package.ts'
import { Splitter } from './code-body-splitter.ts'
import { parseBody, type Input } from './validation/read-input.ts'

export interface CodeBody {
  readonly input: Input
  /** To be called when the request has ended: what of its packages was not accepted leaves nothing behind. */
  readonly discard: () => void
}

/** @param receive makes the place for a package that begins */
export async function readCodeBody(body: Readable, receive: () => SentPackage): Promise<CodeBody> {
  const splitter = new Splitter(receive)
  const discard = (): void => splitter.received.forEach((one) => one.discard())
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      splitter.take(chunk)
      if (splitter.behind) await splitter.behind
    }
    return { input: joinBody(splitter.rest, splitter.packages), discard }
  } catch (error) {
    discard()
    throw error
  }
}

/** @param packages whole ones by their place in the JSON `rest` */
export function joinBody(rest: Uint8Array, packages: Iterable<readonly [readonly string[], SentPackage]>): Input {
  const input = parseBody(rest)
  for (const [path, sent] of packages) place(input, path, sent)
  return input
}

function place(input: Input, path: readonly string[], sent: SentPackage): void {
  let target = input as Record<string, unknown>
  for (const name of path.slice(0, -1)) target = target[name] as Record<string, unknown>
  target[path.at(-1)!] = sent
}
