import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
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

test('what is settled takes the place of what was there when it is accepted, and not when it is refused', async () => {
  const folder = temporaryFolder()
  const place = join(folder, 'x.zip')
  writeFileSync(place, 'old')
  const refused = inItsPlace(place, undefined, async (path, settle) => {
    writeFileSync(path, 'refused')
    settle()
    throw new Error('refused')
  })
  await expect(refused).rejects.toThrow('refused')
  expect(readFileSync(place, 'utf8')).toBe('old')
  await inItsPlace(place, undefined, async (path, settle) => {
    writeFileSync(path, 'new')
    settle()
  })
  expect(readFileSync(place, 'utf8')).toBe('new')
  expect(readdirSync(folder)).toEqual(['x.zip'])
})

test('a file that cannot be settled is told as that, however long the judging takes', async () => {
  const folder = temporaryFolder()
  const place = join(folder, 'x.zip')
  writeFileSync(place, 'old')
  const lost = inItsPlace(place, undefined, async (path, settle) => {
    rmSync(path, { force: true })
    settle()
    for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate)
  })
  await expect(lost).rejects.toMatchObject({ code: 'ENOENT' })
  expect(readFileSync(place, 'utf8')).toBe('old')
  expect(readdirSync(folder)).toEqual(['x.zip'])
})
