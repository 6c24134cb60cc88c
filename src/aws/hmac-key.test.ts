import { createHmac } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cases } from '../../test/kit/cases.ts'
import { HmacKey } from './hmac-key.ts'

describe('HmacKey', () => {
  it('gives what createHmac gives, for any key and any text, again and again', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        fc.array(fc.string({ unit: 'binary' }), { maxLength: 4 }),
        (key, texts) => {
          const hmac = new HmacKey(key)
          for (const text of [...texts, 'x'.repeat(3000), '']) {
            expect(hmac.sign(text)).toBe(createHmac('sha256', key).update(text).digest('hex'))
          }
        },
      ),
      cases(30),
    )
  })
})
