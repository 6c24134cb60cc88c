import { archiveRefused } from './errors.ts'
import { hazardCodes, type Hazard, type HazardCode } from './hazard.ts'

/**
 * Who asks decides what is fatal.
 *
 * - `wheel`: strict, a published wheel has no reason to be odd.
 * - `upload`: what Lambda accepts as far as it is documented or recorded; what would be dangerous to unpack is refused.
 * - `inspect`: everything that can be listed is listed (check, repair, diff).
 */
export type ZipPolicy = 'wheel' | 'upload' | 'inspect'

/** Hazards that end it under every policy but `inspect`: no reader agrees with another on what such an archive holds. */
const dangerous: readonly HazardCode[] = [
  'multi-disk', 'empty-name', 'absolute-name', 'parent-name', 'nul-name', 'drive-name', 'long-name', 'name-not-utf8', 'path-conflict',
  'encrypted', 'method', 'local-header', 'local-name', 'local-method', 'local-size', 'out-of-bounds', 'overlap', 'impossible-ratio', 'size-disagrees',
] // prettier-ignore

/** Notes that even a wheel may carry: they change nothing about what is unpacked. */
const harmless: readonly HazardCode[] = ['data-descriptor', 'zip64', 'name-not-nfc', 'case-collision', 'name-unmarked']

const refusedBy: Readonly<Record<ZipPolicy, ReadonlySet<HazardCode>>> = {
  wheel: new Set(hazardCodes.filter((code) => !harmless.includes(code))),
  upload: new Set([...dangerous, 'no-entries']),
  inspect: new Set(),
}

/** The hazards that this policy does not accept, in the order they were found. */
export function refusedHazards(hazards: readonly Hazard[], policy: ZipPolicy): readonly Hazard[] {
  return hazards.filter((hazard) => refusedBy[policy].has(hazard.code))
}

/** Throws `archiveRefused` with every hazard that this policy does not accept. */
export function requireAcceptable(
  archive: { readonly file: string; readonly hazards: readonly Hazard[] },
  policy: ZipPolicy,
): void {
  const hazards = refusedHazards(archive.hazards, policy)
  if (hazards.length > 0) throw archiveRefused({ file: archive.file, policy, hazards })
}
