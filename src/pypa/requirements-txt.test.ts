import { expect, test } from 'vitest'
import { garbled, samples } from '../../test/kit/arbitrary-pypa.ts'
import { ZipyardError } from '../base/errors.ts'
import { lockFromRequirements } from './requirements-lock.ts'
import { readRequirementsFile, type RequirementsFile } from './requirements-txt.ts'

const read = (
  files: Readonly<Record<string, string>>,
  environment: Record<string, string> = {},
): Promise<RequirementsFile> =>
  readRequirementsFile('requirements.txt', {
    folder: '/project',
    environment,
    read: async (place) => {
      const text = files[place]
      if (text === undefined) throw new Error(`ENOENT ${place}`)
      return text
    },
  })
const texts = (file: RequirementsFile): string[] => file.requirements.map(({ text }) => text)
const a = 'a'.repeat(64)
const b = 'b'.repeat(64)

test('comments, empty lines and continued lines are read as pip reads them', async () => {
  const file = await read({
    'requirements.txt':
      '# one\n\nrequests[socks] >= 2 # why\nnumpy \\\n  == 2.0 ; python_version >= "3.12"\nurl @ https://x.example/a.zip#egg=url\n',
  })
  expect(texts(file)).toEqual([
    'requests[socks] >= 2',
    'numpy   == 2.0 ; python_version >= "3.12"',
    'url @ https://x.example/a.zip#egg=url',
  ])
  expect(file.requirements.map(({ line }) => line)).toEqual([3, 4, 6])
})

test('a comment inside a continued line ends it', async () => {
  expect(texts(await read({ 'requirements.txt': 'a \\\n# comment\nb\n' }))).toEqual(['a', 'b'])
})

test('hashes belong to their requirement, over several lines', async () => {
  const file = await read({
    'requirements.txt': `a==1.0 \\\n    --hash=sha256:${a} \\\n    --hash sha256:${b.toUpperCase()}\n`,
  })
  expect(file.requirements[0]).toMatchObject({ text: 'a==1.0', hashes: [`sha256:${a}`, `sha256:${b}`] })
})

test('other files come in with their paths, constraints apart', async () => {
  const file = await read({
    'requirements.txt': '-r base/common.txt\n-c constraints.txt\nlast\n',
    'base/common.txt': '--requirement=../more.txt\ncommon\n',
    'more.txt': 'more\n',
    'constraints.txt': 'urllib3<3\n',
  })
  expect(texts(file)).toEqual(['more', 'common', 'last'])
  expect(file.constraints.map(({ text }) => text)).toEqual(['urllib3<3'])
  expect(file.files).toEqual(['requirements.txt', 'base/common.txt', 'more.txt', 'constraints.txt'])
})

test('a file that includes itself by a detour is read once', async () => {
  expect(texts(await read({ 'requirements.txt': '-r b.txt\na\n', 'b.txt': '-r requirements.txt\nb\n' }))).toEqual([
    'b',
    'a',
  ])
})

test('options of indexes are collected, in every spelling', async () => {
  const { options } = await read({
    'requirements.txt':
      '-i https://one.example/simple\n--extra-index-url=https://two.example/simple --trusted-host two.example\n-f ./wheels\n--no-binary a,b\n--only-binary=:all:\n--pre\n--require-hashes\n',
  })
  expect(options).toMatchObject({
    indexUrl: 'https://one.example/simple',
    extraIndexUrls: ['https://two.example/simple'],
    trustedHosts: ['two.example'],
    findLinks: ['wheels'],
    noBinary: ['a', 'b'],
    onlyBinary: [':all:'],
    allowPrereleases: true,
    requireHashes: true,
  })
})

test('variables are filled in, and those that are not set are named', async () => {
  const file = await read(
    { 'requirements.txt': '-i https://${USER_NAME}:${TOKEN}@x.example/simple\n' },
    { USER_NAME: 'me' },
  )
  expect(file.options.indexUrl).toBe('https://me:${TOKEN}@x.example/simple')
  expect(file.unsetVariables).toEqual(['TOKEN'])
})

test.each([
  ['./local', { kind: 'directory', path: '/project/local' }],
  ['../up/pkg-1.0-py3-none-any.whl', { kind: 'archive', path: '/up/pkg-1.0-py3-none-any.whl' }],
  ['dist/pkg-1.0.tar.gz', { kind: 'archive', path: '/project/dist/pkg-1.0.tar.gz' }],
  ['pkg-1.0-py3-none-any.whl', { kind: 'archive', path: '/project/pkg-1.0-py3-none-any.whl' }],
  ['file:///abs/pkg', { kind: 'directory', path: '/abs/pkg' }],
  ['file:./rel', { kind: 'directory', path: '/project/rel' }],
  ['-e .', { kind: 'directory', path: '/project' }],
  ['--editable=./sub[extra]', { kind: 'directory', path: '/project/sub' }],
  [
    `https://x.example/p/pkg-1.0.zip#sha256=${a}&subdirectory=s`,
    { kind: 'archive', url: 'https://x.example/p/pkg-1.0.zip', hashes: { sha256: a }, subdirectory: 's' },
  ],
  [
    'git+https://x.example/o/r.git@v1.0#egg=r',
    { kind: 'vcs', vcs: 'git', url: 'https://x.example/o/r.git', revision: 'v1.0' },
  ],
  ['git+ssh://git@x.example/o/r.git', { kind: 'vcs', url: 'ssh://git@x.example/o/r.git', revision: undefined }],
  ['-e git+https://x.example/o/r@main#egg=r&subdirectory=py', { kind: 'vcs', revision: 'main', subdirectory: 'py' }],
  ['r @ git+https://x.example/o/r@0123abc', { kind: 'vcs', revision: '0123abc' }],
])('`%s` is a direct reference', async (line, reference) => {
  const [requirement] = (await read({ 'requirements.txt': `${line}\n` })).requirements
  expect(requirement!.reference).toMatchObject(reference)
  expect(requirement!.isEditable).toBe(/^(?:-e|--editable)/.test(line))
})

test('paths and URLs have extras and markers, and a name where they say one', async () => {
  const { requirements } = await read({
    'requirements.txt':
      "./local[Foo_x, b] ; os_name == 'posix'\nhttps://x.example/n-1.0-py3-none-any.whl ; os_name == 'posix'\ngit+https://x.example/o/r#egg=R_x[e]\n",
  })
  expect(requirements.map(({ name, extras, marker }) => [name, extras, marker !== undefined])).toEqual([
    [undefined, ['b', 'foo-x'], true],
    ['n', [], true],
    ['r-x', ['e'], false],
  ])
})

test.each([
  ['requests=2.0', 'line 2: `requests=2.0` is not a requirement: `=2.0` is not a version specifier'],
  ['--what-is-this', 'line 2: `--what-is-this` is not an option of requirements files'],
  ['-r', 'line 2: `-r` has no value'],
  ['-r missing.txt', '`requirements.txt`, line 2: `missing.txt` cannot be read'],
  [`a==1 --hash=md5:${a}`, `line 2: \`md5:${a}\` is not a hash`],
  ['a==1 --hash=sha256:abc', 'line 2: `sha256:abc` has 3 digits, not 64'],
  ['a==1 --pre', 'line 2: `--pre` cannot follow a requirement'],
  ['-i "https://x', 'line 2: a quotation mark or a backslash is not closed'],
])('`%s` is told with file and line', async (line, message) => {
  await expect(read({ 'requirements.txt': `fine\n${line}\n` })).rejects.toThrow(message)
})

test.each([
  'a @ https://me:secret@x.example/a.zip nonsense',
  '--what https://me:secret@x.example/',
  'git+https://me:secret@x.example/r ; nonsense',
  'https://me:secret@x.example/a.whl --pre',
  '-r https://me:secret@x.example/more.txt',
  '-i "https://me:secret@x.example',
])('the password in `%s` is in no sentence about it', async (line) => {
  const failure = await read({ 'requirements.txt': `${line}\n` }).then(
    () => expect.unreachable(),
    (error: unknown) => error as ZipyardError,
  )
  expect(JSON.stringify([failure.message, failure.hint, failure.details])).not.toContain('secret')
})

test('a file where every line is pinned and hashed is a lock, and no resolver is needed', async () => {
  const lock = lockFromRequirements(
    await read({
      'requirements.txt': `A.b[x]==1.0.0 ; os_name == 'posix' --hash=sha256:${a} --hash=sha256:${b}\nn @ https://x.example/n-1.0-py3-none-any.whl --hash=sha256:${a}\n`,
    }),
  )
  if ('notLocked' in lock) throw new Error('not locked')
  expect(lock.distributions).toMatchObject([
    { name: 'a-b', version: '1.0.0', acceptedHashes: [`sha256:${a}`, `sha256:${b}`] },
    { name: 'n', archive: { url: 'https://x.example/n-1.0-py3-none-any.whl', hashes: { sha256: a } } },
  ])
})

test('what keeps a file from being a lock is said line by line', async () => {
  const lock = lockFromRequirements(
    await read({ 'requirements.txt': `a==1.0\nb>=1 --hash=sha256:${a}\n-e .\nc==1.* --hash=sha256:${a}\n` }),
  )
  expect('notLocked' in lock && lock.notLocked.map(({ line, because }) => [line.line, because])).toEqual([
    [1, 'no-hash'],
    [2, 'not-pinned'],
    [3, 'editable'],
    [4, 'not-pinned'],
  ])
})

test('whatever stands in a file, it is read or refused with a sentence', async () => {
  const pieces = ['a', '==1', '\n', '\\\n', ' ', '--hash=', 'sha256:', a, '-e ', './x', '#', '-r ', ';', '[', ']', '"', "'", 'git+', 'https://', '@', '${X}', '--', '-i '] // prettier-ignore
  for (const text of samples(garbled(pieces), 3000)) {
    try {
      const file = await read({ 'requirements.txt': text })
      lockFromRequirements(file)
    } catch (error) {
      if (!(error instanceof ZipyardError)) throw new Error(`crashed on ${JSON.stringify(text)}`, { cause: error })
    }
  }
})

test.each([' ', '\t', '[', '[a', ';', ' ;', '@', '#', '\\\n'])(
  '300 KB of `%s` costs no more than its length',
  async (piece) => {
    for (const beginning of ['a', './a', '-e ']) {
      const text = beginning + piece.repeat(300_000 / piece.length)
      await read({ 'requirements.txt': `${text}é` }).catch((error: unknown) => {
        if (!(error instanceof ZipyardError)) throw error
      })
    }
  },
)
