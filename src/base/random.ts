import { randomFillSync } from 'node:crypto'

const pool = Buffer.allocUnsafeSlow(4096)
let used = pool.length

/** Cryptographically random bytes as hexadecimal digits. Asks the system once for many small ones: a call costs as much as all of them. */
export function randomHex(bytes: number): string {
  if (used + bytes > pool.length) {
    randomFillSync(pool)
    used = 0
  }
  const text = pool.toString('hex', used, used + bytes)
  pool.fill(0, used, used + bytes)
  used += bytes
  return text
}
