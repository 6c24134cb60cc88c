import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../../test/kit/temporary-folder.ts'
import { outputNotWritable } from '../zip/errors.ts'
import { inItsPlace } from './in-its-place.ts'

test('what cannot be written is told by the place that was asked for, and nothing is left', async () => {
  const folder = temporaryFolder()
  const place = join(folder, 'dist', 'x.zip')
  const refused = inItsPlace(place, undefined, async (path) => {
    writeFileSync(path, 'half of it')
    throw outputNotWritable({ path, because: 'the disk is full (ENOSPC)' })
  })
  await expect(refused).rejects.toMatchObject({
    message: `\`${place}\` could not be written: the disk is full (ENOSPC)`,
    details: { path: place },
  })
  expect(readdirSync(folder)).toEqual([])
})
