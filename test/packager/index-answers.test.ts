/** What a build says when the package index answers badly while requirements are resolved: the same sentence, whichever resolver runs. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { ZipyardError } from '../../src/base/errors.ts'
import { answer, indexServer, projectPage, type IndexAnswer } from '../kit/index-server.ts'
import { buildProject } from '../kit/packages.ts'
import { uvExecutable } from '../kit/real-tools.ts'
import { temporaryFolder } from '../kit/temporary-folder.ts'
import { projectFolder, wheel } from '../kit/wheel.ts'

const html = { 'content-type': 'text/html' }
const json = { 'content-type': 'application/vnd.pypi.simple.v1+json' }
const uv = await uvExecutable()

const answers: readonly [what: string, resolvers: readonly string[], answer: IndexAnswer | undefined, says: RegExp, hints: RegExp][] = [
  ['401', ['uv', 'pip'], answer(401, 'no', html), /^`.*\/simple\/lib\/` refused the credentials \(401\)$/, /netrc/],
  ['403', ['uv'], answer(403, 'no', html), /^`.*\/simple\/lib\/` refused the credentials \(403\)$/, /netrc/],
  ['404', ['uv'], answer(404, 'no', html), /^No package index has `lib`: asked `.*\/simple\/`$/, /spelling/],
  ['429', ['uv'], answer(429, 'slower', html), /^`.*\/simple\/lib\/` refuses more requests for now \(429\)$/, /minute/],
  ['500', ['uv'], answer(500, 'x', html), /^`.*\/simple\/lib\/` answered 500$/, /fault of its own/],
  ['a web page', ['uv', 'pip'], answer(200, '<html><body>Welcome</body></html>', html), /^The index page `.*\/simple\/lib\/` cannot be read: it is a web page without a single link$/, /simple index/],
  ['a login page', ['uv'], answer(200, '<form><input type="password"></form>', html), /cannot be read: it is a login page$/, /simple index/],
  ['half an answer', ['uv'], answer(200, '{"files":', json), /cannot be read: it says that it is JSON and is not$/, /simple index/],
  ['nothing', ['uv', 'pip'], undefined, /^`http:\/\/127\.0\.0\.1:9\/simple\/lib\/` cannot be reached: nothing listens there \(`ECONNREFUSED`\)$/, /address/],
] // prettier-ignore

test.each(
  answers.flatMap(([what, resolvers, ...rest]) => resolvers.map((resolver) => [what, resolver, ...rest] as const)),
)(
  'an index that answers %s to %s is told as what it is, without its password',
  async (_, resolver, reply, says, hints) => {
    const url = reply ? (await indexServer({ '/simple/lib/': reply })).url : 'http://127.0.0.1:9'
    const folder = projectFolder({ 'app.py': '', 'requirements.txt': 'lib\n' })
    const environment = {
      PIP_INDEX_URL: `${url.replace('//', '//ana:secret@')}/simple`,
      PIP_RETRIES: '0',
      UV_HTTP_RETRIES: '0',
      UV: uv,
    }
    const error = (await buildProject(folder, { resolver }, environment).catch(
      (reason: unknown) => reason,
    )) as ZipyardError
    expect(error.message).toMatch(says)
    expect(error.hint).toMatch(hints)
    expect(`${error.message}${error.hint}${String(error.cause)}${JSON.stringify(error.details)}`).not.toContain(
      'secret',
    )
  },
)

test.each(['uv', 'pip'])(
  'an index that the project names is asked by %s, not the one of the machine, nor the public one',
  async (resolver) => {
    const lib = wheel(temporaryFolder(), { name: 'lib' })
    const page = projectPage([
      { filename: lib.filename, url: `/files/${lib.filename}`, hashes: { sha256: lib.sha256 } },
    ])
    const ours = await indexServer({
      '/simple/lib/': page,
      [`/files/${lib.filename}`]: answer(200, readFileSync(lib.path)),
    })
    const machine = await indexServer({})
    const index = `${ours.url}/simple`
    const pyproject = `[project]\nname = "app"\nversion = "1"\ndependencies = ["lib"]\n[[tool.uv.index]]\nurl = "${index}"\ndefault = true\n`
    const projects: readonly Record<string, string>[] = [
      { 'requirements.txt': `--index-url ${index}\nlib\n` },
      ...(resolver === 'uv' ? [{ 'pyproject.toml': pyproject }] : []),
    ]
    for (const files of projects)
      for (const configured of [{ PIP_INDEX_URL: `${machine.url}/simple` }, {}] as Record<string, string>[]) {
        const environment = {
          ...configured,
          PIP_RETRIES: '0',
          UV_HTTP_RETRIES: '0',
          UV: uv,
          ZIPYARD_CACHE_DIR: temporaryFolder(),
        }
        const report = await buildProject(projectFolder({ 'app.py': '', ...files }), { resolver }, environment)
        expect(report.shares.map(({ name }) => name)).toEqual(['lib', undefined])
      }
    expect(machine.requests).toEqual([])
  },
)

test.each(['uv', 'pip'])(
  'what a source archive needs to be built comes from the index that the project names (%s)',
  async (resolver) => {
    const files = temporaryFolder()
    const backend = wheel(files, {
      name: 'backend',
      files: {
        'backend.py': `import os, zipfile
def build_wheel(folder, settings=None, metadata=None):
    name = 'lib-1.0-py3-none-any.whl'
    with zipfile.ZipFile(os.path.join(folder, name), 'w') as made:
        made.writestr('lib.py', 'x = 1')
        made.writestr('lib-1.0.dist-info/METADATA', 'Metadata-Version: 2.1\\nName: lib\\nVersion: 1.0\\n')
        made.writestr('lib-1.0.dist-info/WHEEL', 'Wheel-Version: 1.0\\nGenerator: backend\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')
        made.writestr('lib-1.0.dist-info/RECORD', 'lib.py,,\\nlib-1.0.dist-info/METADATA,,\\nlib-1.0.dist-info/WHEEL,,\\nlib-1.0.dist-info/RECORD,,\\n')
    return name
`,
      },
    })
    const ours = await indexServer({
      '/simple/backend/': projectPage([
        { filename: backend.filename, url: `/files/${backend.filename}`, hashes: { sha256: backend.sha256 } },
      ]),
      [`/files/${backend.filename}`]: answer(200, readFileSync(backend.path)),
    })
    const machine = await indexServer({})
    const folder = projectFolder({
      'app.py': '',
      'requirements.txt': `--index-url ${ours.url}/simple\n./lib\n`,
      'lib/pyproject.toml':
        '[build-system]\nrequires = ["backend"]\nbuild-backend = "backend"\n[project]\nname = "lib"\nversion = "1.0"\n',
    })
    const environment = {
      PIP_INDEX_URL: `${machine.url}/simple`,
      PIP_RETRIES: '0',
      UV_HTTP_RETRIES: '0',
      UV: uv,
      ZIPYARD_CACHE_DIR: temporaryFolder(),
    }
    const report = await buildProject(folder, { resolver }, environment)
    expect(report.shares.map(({ name }) => name)).toEqual(['lib', undefined])
    expect(machine.requests).toEqual([])
  },
)
