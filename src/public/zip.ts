/**
 * `zipyard/zip`: read, write and splice zip archives without unpacking them.
 *
 * @example
 * const { source, listing } = openArchive('package.zip')
 * for (const hazard of refusedHazards(listing.hazards, 'upload')) console.log(hazard.sentence)
 * source.close()
 */
export { isDirectory, isSymbolicLink, permissionsOf, unixMode, type Entry } from '../zip/entry.ts'
export { readEntry } from '../zip/entry-data.ts'
export { extractArchive, extractInWorker, type ExtractOptions, type Extracted } from '../zip/extract.ts'
export type { Hazard, HazardCode } from '../zip/hazard.ts'
export type { SplicePart } from '../zip/order-parts.ts'
export type { SpliceableEntry, SpliceEntry, SpliceSource } from '../zip/plan.ts'
export { refusedHazards, requireAcceptable, type ZipPolicy } from '../zip/policy.ts'
export { listArchive, listArchiveSync, openArchive, type Listing, type ReadOptions } from '../zip/reader.ts'
export { bytesSource, openFileSource, type FileSource, type SyncZipSource, type ZipSource } from '../zip/source.ts'
export { prepareSplice, splice, type Archive, type SpliceOptions } from '../zip/splicer.ts'
export { decodeWheelIndex, encodeWheelIndex, type IndexedEntry, type WheelIndex } from '../zip/wheel-index.ts'
export type { Stretch, Strip } from '../zip/strip.ts'
export { archiveBytes, type WriterEntry } from '../zip/writer.ts'
