import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../../../test/kit/temporary-folder.ts'
import { parsePythonRuntime } from '../../lambda/runtimes.ts'
import { targetOf } from '../target.ts'
import { fromInstalled } from './from-installed.ts'
import { readInstalled, sitePackagesOf } from './installed.ts'

const target = targetOf(parsePythonRuntime('python3.13'), 'x86_64')

/** A virtual environment with these files, paths from its root. */
function environment(files: Readonly<Record<string, string>>): string {
  const folder = temporaryFolder()
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  return folder
}

/** A distribution as an installer leaves it in `site`. */
const installed = (
  site: string,
  name: string,
  more: Readonly<Record<string, string>> = {},
  requires = '',
): Record<string, string> => ({
  [`${site}/${name}.py`]: '',
  [`${site}/${name}-1.0.dist-info/METADATA`]: `Metadata-Version: 2.1\nName: ${name}\nVersion: 1.0\n${requires}`,
  [`${site}/${name}-1.0.dist-info/RECORD`]: `${name}.py,,\n`,
  ...Object.fromEntries(Object.entries(more).map(([file, text]) => [`${site}/${name}-1.0.dist-info/${file}`, text])),
})

const read = (folder: string) => fromInstalled(readInstalled(sitePackagesOf(folder)), target, 'venv')

test('lib and lib64, site-packages and dist-packages are read, a folder under two names once', () => {
  const folder = environment({
    ...installed('lib/python3.11/site-packages', 'one'),
    ...installed('lib64/python3.11/site-packages', 'two'),
    ...installed('lib/python3.11/dist-packages', 'three'),
  })
  expect(read(folder).input).toEqual({ kind: 'lines', lines: ['one==1.0', 'three==1.0', 'two==1.0'] })
  const linked = environment(installed('lib/python3.11/site-packages', 'one'))
  symlinkSync('lib', join(linked, 'lib64'))
  expect(read(linked).input).toEqual({ kind: 'lines', lines: ['one==1.0'] })
})

test('pip and setuptools stay behind, unless something needs them', () => {
  const site = 'lib/python3.11/site-packages'
  const tools = { ...installed(site, 'pip'), ...installed(site, 'setuptools') }
  expect(read(environment({ ...tools, ...installed(site, 'app') })).input).toMatchObject({ lines: ['app==1.0'] })
  const needing = installed(site, 'app', {}, 'Requires-Dist: setuptools\nRequires-Dist: pip; extra == "dev"\n')
  expect(read(environment({ ...tools, ...needing })).input).toMatchObject({ lines: ['app==1.0', 'setuptools==1.0'] })
})

test('editable installations and what belongs to no distribution, .pth files among it, are named', () => {
  const site = 'lib/python3.11/site-packages'
  const folder = environment({
    ...installed(site, 'mine', {
      'direct_url.json': '{"url": "file:///home/me/mine", "dir_info": {"editable": true}}',
    }),
    [`${site}/__editable__.mine-1.0.pth`]: '/home/me/mine/src\n',
    [`${site}/paths.pth`]: '/opt/company\n',
    [`${site}/helper.py`]: '',
  })
  const { input, notes } = read(folder)
  expect(input).toEqual({ kind: 'lines', lines: ['mine @ file:///home/me/mine'] })
  expect(notes.map(({ message }) => message)).toEqual([
    '`mine` is installed as editable from `file:///home/me/mine`; a wheel of it is built and packed',
    '2 files in the virtual environment belong to no distribution and are not packed: `helper.py`, `paths.pth`',
  ])
})
