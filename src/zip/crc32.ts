import * as zlib from 'node:zlib'

/** CRC-32 of `bytes` (polynomial 0xedb88320, APPNOTE 4.4.7), continuing from `start`. */
export const crc32: (bytes: Uint8Array, start?: number) => number = zlib.crc32
