import { execFileSync } from 'node:child_process'
import { appendFileSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { buildProject, contents, scratch } from '../../test/kit/packages.ts'
import { projectFolder, wheel, type WheelSpec } from '../../test/kit/wheel.ts'

/** A virtual environment in which these wheels are installed; only those of `kept` can still be had afterwards. */
function environmentOf(
  name: string,
  specs: readonly WheelSpec[],
  kept: readonly string[],
): { folder: string; links: string } {
  const links = join(scratch, name)
  mkdirSync(links)
  const made = specs.map((spec) => wheel(links, spec))
  const folder = projectFolder({ 'app.py': 'import ours\n' })
  const site = join(folder, '.venv/lib/python3.13/site-packages')
  for (const { path } of made) execFileSync('python3', ['-m', 'zipfile', '-e', path, site], { stdio: 'pipe' })
  specs.forEach((spec, index) => {
    if (!kept.includes(spec.name)) rmSync(made[index]!.path)
  })
  return { folder, links }
}

const request = { fromVenv: '.venv', resolver: 'pip', runtime: 'python3.13' }

test('what a virtual environment has and no index is packed from its installed files, and told; the rest from its wheels', async () => {
  const { folder, links } = environmentOf('ours', [{ name: 'ours', requires: ['theirs'], files: { 'ours.py': 'x = 1\n', 'größe.txt': 'ü' } }, { name: 'theirs' }], ['theirs']) // prettier-ignore
  const environment = { PIP_NO_INDEX: '1', PIP_FIND_LINKS: links }
  const report = await buildProject(folder, request, environment)
  const packed = contents(report.path)
  expect(Object.keys(packed).sort()).toEqual([
    'app.py',
    'größe.txt',
    'ours-1.0.dist-info/METADATA',
    'ours-1.0.dist-info/RECORD',
    'ours-1.0.dist-info/WHEEL',
    'ours.py',
    'theirs-1.0.dist-info/METADATA',
    'theirs-1.0.dist-info/RECORD',
    'theirs-1.0.dist-info/WHEEL',
    'theirs.py',
  ])
  expect(report.shares.map(({ name, builtBy }) => [name, builtBy])).toEqual(
    expect.arrayContaining([
      ['ours', 'what is installed'],
      ['theirs', undefined],
    ]),
  )
  expect(report.notes.filter(({ code }) => code === 'ZY0473')).toMatchObject([
    {
      message: expect.stringMatching(
        /^No wheel of `ours 1\.0` can be had for python3\.13 on x86_64 .*: the files that are installed are packed$/,
      ) as string,
    },
  ])
  // Changed by hand since: still packed, and said.
  appendFileSync(join(folder, '.venv/lib/python3.13/site-packages/ours.py'), 'y = 2\n')
  const changed = await buildProject(folder, request, environment)
  expect(contents(changed.path)['ours.py']).toBe('x = 1\ny = 2\n')
  expect(changed.notes.find(({ code }) => code === 'ZY0473')?.message).toMatch(
    /`ours\.py` in it was changed after the installation$/,
  )
})

test('offline, with nothing in the cache, a virtual environment for a target like this is packed as it is', async () => {
  const { folder } = environmentOf('offline', [{ name: 'ours' }, { name: 'theirs' }], [])
  const report = await buildProject(folder, { ...request, offline: true })
  expect(report.shares.map(({ name }) => name).sort()).toEqual(['ours', 'theirs', undefined])
  expect(report.resolvedBy).toBe('what is installed')
})

test('installed binaries of another Python or machine are never packed: the build is refused', async () => {
  const { folder, links } = environmentOf(
    'binary',
    [{ name: 'native', tag: 'cp312-cp312-manylinux_2_17_x86_64', files: { 'native.so': 'x' } }, { name: 'theirs' }],
    ['theirs'],
  )
  const refusal = buildProject(folder, request, { PIP_NO_INDEX: '1', PIP_FIND_LINKS: links })
  await expect(refusal).rejects.toThrow(
    '`native 1.0` has no wheel for python3.13 on x86_64: wanted `cp313-cp313-manylinux_2_34_x86_64`, found no files at all',
  )
})
