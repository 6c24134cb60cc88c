/**
 * HMAC-SHA-256 (RFC 2104) with a key that is used often: two hashes of prepared buffers, without the object that `createHmac` makes for each text.
 */
import { sha256, sha256Bytes } from '../base/digest.ts'

const blockBytes = 64
const hashBytes = 32

export class HmacKey {
  readonly #inner: Buffer
  readonly #outer = Buffer.alloc(blockBytes + hashBytes)
  /** The inner block, with room for a text behind it. */
  #message = Buffer.alloc(blockBytes + 512)

  constructor(key: Uint8Array) {
    const block = Buffer.alloc(blockBytes)
    block.set(key.length > blockBytes ? sha256Bytes(key) : key)
    this.#inner = Buffer.from(block.map((byte) => byte ^ 0x36))
    this.#outer.set(block.map((byte) => byte ^ 0x5c))
    this.#message.set(this.#inner)
  }

  /** HMAC of a text in UTF-8, as 64 hexadecimal digits. */
  sign(text: string): string {
    if (this.#message.length < blockBytes + text.length * 3) {
      this.#message = Buffer.alloc(blockBytes + text.length * 3)
      this.#message.set(this.#inner)
    }
    const bytes = this.#message.write(text, blockBytes)
    // By way of digits: a hash that comes as a buffer takes three times as long.
    this.#outer.write(sha256(this.#message.subarray(0, blockBytes + bytes)), blockBytes, 'hex')
    return sha256(this.#outer)
  }
}
