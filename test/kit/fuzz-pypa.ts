import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parse, stringify } from 'smol-toml'
import { parseEntryPoints } from '../../src/pypa/entry-points.ts'
import { addressFiles } from '../../src/pypa/locked-files.ts'
import type { Lock } from '../../src/pypa/locked-distribution.ts'
import { selectDistributions } from '../../src/pypa/locked-selection.ts'
import { evaluateMarker, formatMarker, parseMarker } from '../../src/pypa/marker.ts'
import { parseMetadata } from '../../src/pypa/metadata.ts'
import { parsePdmLock } from '../../src/pypa/pdm-lock.ts'
import { parsePipfileLock } from '../../src/pypa/pipfile-lock.ts'
import { parsePoetryLock } from '../../src/pypa/poetry-lock.ts'
import { parsePylock } from '../../src/pypa/pylock.ts'
import { formatPylock } from '../../src/pypa/pylock-writer.ts'
import { parsePyproject, type Pyproject } from '../../src/pypa/pyproject.ts'
import { formatRecord, parseRecord, verifyRecord } from '../../src/pypa/record.ts'
import { formatRequirement, parseRequirement } from '../../src/pypa/requirement.ts'
import { lockFromRequirements } from '../../src/pypa/requirements-lock.ts'
import { readRequirementsFile } from '../../src/pypa/requirements-txt.ts'
import { parseScriptMetadata } from '../../src/pypa/script-metadata.ts'
import { parseProjectPage } from '../../src/pypa/simple-index.ts'
import { filterVersions, formatSpecifierSet, matches, parseSpecifierSet } from '../../src/pypa/specifier.ts'
import { compatibleTags } from '../../src/pypa/tag.ts'
import { targetEnvironment } from '../../src/pypa/target-environment.ts'
import { compareVersions, parseVersion } from '../../src/pypa/version.ts'
import { parseUvLock } from '../../src/pypa/uv-lock.ts'
import { parseWheelFilename, tagsOf } from '../../src/pypa/wheel-filename.ts'
import { parseWheelMetadata } from '../../src/pypa/wheel-metadata.ts'
import { selectWheel } from '../../src/pypa/wheel-selection.ts'
import { mutateText, mutateValue, type FuzzTarget, type Random } from './fuzz.ts'

const fixtures = new Map<string, string>()
/** Read once: a million cases begin with the same file. */
function fixture(path: string): string {
  const known = fixtures.get(path)
  if (known !== undefined) return known
  const text = readFileSync(join(resolve(import.meta.dirname, '../fixtures/locks'), path), 'utf8')
  fixtures.set(path, text)
  return text
}
const target = { python: '3.12', glibc: [2, 34], machine: 'x86_64' } as const
const environment = targetEnvironment(target)
const tags = compatibleTags(target)

function expectTrue(holds: boolean, sentence: string): void {
  if (!holds) throw new Error(sentence)
}

const versionPieces = [
  '1',
  '0',
  '2024',
  '.',
  '.',
  '!',
  'a',
  'b',
  'rc',
  '.post',
  '.dev',
  '-',
  '_',
  '+',
  'x',
  'v',
  ' ',
  '99999999999999999999',
  '*',
]
const anyOf =
  (pieces: readonly string[], most: number) =>
  (random: Random): string =>
    random.repeat(most, () => random.pick(pieces)).join('')
const versionInput = (random: Random): string => `1${anyOf(versionPieces, 8)(random)}`
const specifierInput = (random: Random): string =>
  random
    .repeat(3, () => random.pick(['==', '!=', '>=', '<=', '<', '>', '~=', '===', '']) + versionInput(random))
    .join(',')
const markerPieces = ['python_version', 'extra', 'extras', 'os_name', 'sys_platform', "'3.8'", '"x"', "'linux'", '==', '!=', '<', '>=', '~=', ' in ', ' not in ', ' and ', ' or ', '(', ')', ' '] // prettier-ignore
const markerInput = (random: Random): string => {
  const comparison = (): string =>
    `${random.pick(['python_version', 'os_name', 'extra', 'platform_release'])} ${random.pick(['==', '<', '>=', 'in', 'not in', '!='])} '${random.pick(['3.8', '3.12', 'linux', 'x', '', '1.*'])}'`
  if (random.oneIn(3)) return anyOf(markerPieces, 12)(random)
  return [
    comparison(),
    ...random.repeat(
      4,
      () => `${random.pick([' and ', ' or '])}${random.pick(['', '('])}${comparison()}${random.pick(['', ')'])}`,
    ),
  ].join('')
}

/** Small documents made from real locks: a few of their packages, then a mutation of the text or of the values. */
function lockTarget(name: string, text: string, read: (text: string) => Lock, arrayKey: string): FuzzTarget {
  const isJson = text.trimStart().startsWith('{')
  const whole = (isJson ? JSON.parse(text) : parse(text)) as Record<string, unknown>
  return {
    name,
    input(random) {
      const list = whole[arrayKey] as unknown[] | Record<string, unknown>
      const few = Array.isArray(list)
        ? random.repeat(4, () => random.pick(list))
        : Object.fromEntries(random.repeat(4, () => random.pick(Object.entries(list))))
      const mutated = mutateValue({ ...whole, [arrayKey]: few }, random)
      if (isJson) return random.oneIn(3) ? mutateText(JSON.stringify(mutated), random) : JSON.stringify(mutated)
      let written: string
      try {
        written = stringify(mutated as Record<string, unknown>)
      } catch {
        // TOML has no null and no mixed nonsense; the text is damaged instead.
        written = mutateText(stringify({ ...whole, [arrayKey]: few }), random)
      }
      return random.oneIn(3) ? mutateText(written, random) : written
    },
    check(input) {
      const lock = read(input)
      const selected = selectDistributions(lock, {
        environment,
        extras: lock.extras.slice(0, 1),
        groups: lock.groups.slice(0, 1),
      })
      for (const distribution of selected) {
        selectWheel(
          distribution.wheels,
          { tags, pythonFullVersion: environment.python_full_version },
          { allowYanked: true },
        )
        if (distribution.acceptedHashes) {
          const hash = distribution.acceptedHashes[0]?.replace('sha256:', '') ?? ''
          addressFiles(distribution, [
            {
              filename: `${distribution.name}-${distribution.version}.tar.gz`,
              url: 'https://x.example/x',
              hashes: { sha256: hash },
              yanked: false,
            },
          ])
        }
      }
      const written = formatPylock({ createdBy: 'zipyard', distributions: selected })
      const again = formatPylock({ createdBy: 'zipyard', distributions: parsePylockOrExplain(written) })
      expectTrue(again === written, `a written lock reads differently:\n${written}\n${again}`)
    },
  }
}

/** What was written by us must be readable, unless the distribution had nothing that a lock can hold. */
function parsePylockOrExplain(text: string): Lock['distributions'] {
  return parsePylock(text).distributions
}

const poetryProject: Pyproject = parsePyproject(fixture('poetry-1/pyproject.toml'))
const pdmProject: Pyproject = parsePyproject(fixture('pdm-plain/pyproject.toml'))

/** Every reader of the room `pypa`. None may answer with anything but a value or a `ZipyardError`. */
export const pypaFuzzTargets: readonly FuzzTarget[] = [
  {
    name: 'version',
    input: (random) => `${versionInput(random)}\n${versionInput(random)}`,
    check(input) {
      const [a, b] = input.split('\n').map(parseVersion) as [
        ReturnType<typeof parseVersion>,
        ReturnType<typeof parseVersion>,
      ]
      expectTrue(compareVersions(parseVersion(a.text), a) === 0, 'the normalised version is another one')
      expectTrue(parseVersion(a.text).text === a.text, 'normalising twice differs')
      expectTrue(compareVersions(a, b) === 0 - compareVersions(b, a), 'the order depends on the side')
    },
  },
  {
    name: 'specifier',
    input: (random) => `${specifierInput(random)}\n${versionInput(random)}`,
    check(input) {
      const [setText, versionText] = input.split('\n') as [string, string]
      const set = parseSpecifierSet(setText)
      const version = parseVersion(versionText)
      const again = parseSpecifierSet(formatSpecifierSet(set))
      expectTrue(matches(set, version) === matches(again, version), 'the written set matches otherwise')
      expectTrue(
        filterVersions(set, [version]).length === (matches(set, version) ? 1 : 0),
        'a single version is filtered otherwise than it matches',
      )
    },
  },
  {
    name: 'marker',
    input: markerInput,
    check(input) {
      const marker = parseMarker(input)
      const again = parseMarker(formatMarker(marker))
      for (const extras of [[], ['x'], ['x', 'y']]) {
        expectTrue(
          evaluateMarker(marker, environment, { extras }) === evaluateMarker(again, environment, { extras }),
          'the written marker has another value',
        )
      }
    },
  },
  {
    name: 'requirement',
    input: (random) =>
      `${random.pick(['a', 'Foo.bar', 'x_y', ''])}${random.pick(['', '[e]', '[a,b]', '['])}${random.pick(['', ' ', ' @ https://x.example/a', '@'])}${specifierInput(random)}${random.pick(['', `; ${markerInput(random)}`, ' ;'])}`,
    check(input) {
      const requirement = parseRequirement(input)
      const written = formatRequirement(requirement)
      expectTrue(formatRequirement(parseRequirement(written)) === written, `\`${written}\` is read otherwise`)
    },
  },
  {
    name: 'requirements file',
    input: (random) =>
      mutateText(
        fixture('uv/requirements.txt')
          .split('\n')
          .slice(0, 14 + random.integer(40))
          .join('\n'),
        random,
      ),
    async check(input) {
      lockFromRequirements(
        await readRequirementsFile('requirements.txt', {
          folder: '/x',
          environment: { A: 'b' },
          read: async (place) => (place === 'requirements.txt' ? input : ''),
        }),
      )
    },
  },
  {
    name: 'pyproject',
    input: (random) => mutateText(fixture(random.pick(['uv/pyproject.toml', 'poetry-1/pyproject.toml'])), random),
    check: (input) => void parsePyproject(input),
  },
  {
    name: 'script',
    input: (random) =>
      mutateText(
        '# /// script\n# requires-python = ">=3.11"\n# dependencies = [\n#   "requests<3",\n# ]\n# ///\nimport os\n',
        random,
      ),
    check: (input) => void parseScriptMetadata(input, 'x.py'),
  },
  {
    name: 'wheel filename',
    input: (random) =>
      mutateText(
        random.pick([
          'a-1.0-py3-none-any.whl',
          'a_b-1.0-2x-cp313-cp313-manylinux_2_17_x86_64.manylinux2014_x86_64.whl',
        ]),
        random,
      ),
    check(input) {
      const wheel = parseWheelFilename(input)
      expectTrue(tagsOf(wheel).length > 0, 'no tags')
      selectWheel([{ filename: input }], { tags, pythonFullVersion: '3.12.1' })
    },
  },
  {
    name: 'record',
    input: (random) =>
      mutateText(
        'a.py,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0\n"b,c.py",,\na-1.dist-info/RECORD,,\n',
        random,
      ),
    check(input) {
      const rows = parseRecord(input)
      expectTrue(
        JSON.stringify(parseRecord(formatRecord(rows))) === JSON.stringify(rows),
        'written rows are read otherwise',
      )
      verifyRecord(rows, [{ path: 'a.py', sizeBytes: 0 }])
    },
  },
  {
    name: 'metadata',
    input: (random) =>
      mutateText(
        'Metadata-Version: 2.1\nName: a\nVersion: 1.0\nRequires-Python: >=3.8\nRequires-Dist: b (>=1) ; extra == "x"\nProvides-Extra: x\n\nText\n',
        random,
      ),
    check: (input) => void parseMetadata(input),
  },
  {
    name: 'wheel metadata',
    input: (random) =>
      mutateText('Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n', random),
    check: (input) => void parseWheelMetadata(input),
  },
  {
    name: 'entry points',
    input: (random) => mutateText('[console_scripts]\na = b.c:d.e [x]\n[other]\nf = g\n', random),
    check: (input) => void parseEntryPoints(input),
  },
  {
    name: 'index page',
    input: (random) =>
      mutateText(
        random.pick([
          '<html><base href="/x/"><a href="a-1.0.whl#sha256=00" data-yanked="&amp;" data-requires-python="&gt;=3">a</a></html>',
          '{"meta":{"api-version":"1.0"},"files":[{"filename":"a","url":"b","hashes":{"sha256":"00"},"yanked":false}]}',
        ]),
        random,
      ),
    check: (input) =>
      void parseProjectPage(
        input,
        input.startsWith('{') ? 'application/json' : 'text/html',
        'https://x.example/simple/a/',
      ),
  },
  lockTarget('uv.lock', fixture('uv/uv.lock'), (text) => parseUvLock(text), 'package'),
  lockTarget('uv.lock workspace', fixture('uv-workspace/uv.lock'), (text) => parseUvLock(text), 'package'),
  lockTarget('pylock.toml', fixture('uv/pylock.toml'), (text) => parsePylock(text), 'packages'),
  lockTarget('poetry.lock 2.1', fixture('poetry-2/poetry.lock'), (text) => parsePoetryLock(text, undefined), 'package'),
  lockTarget(
    'poetry.lock 2.0',
    fixture('poetry-1/poetry.lock'),
    (text) => parsePoetryLock(text, poetryProject),
    'package',
  ),
  lockTarget('pdm.lock', fixture('pdm/pdm.lock'), (text) => parsePdmLock(text, undefined), 'package'),
  lockTarget(
    'pdm.lock without groups',
    fixture('pdm-plain/pdm.lock'),
    (text) => parsePdmLock(text, pdmProject),
    'package',
  ),
  lockTarget('Pipfile.lock', fixture('pipenv/Pipfile.lock'), (text) => parsePipfileLock(text), 'default'),
]
