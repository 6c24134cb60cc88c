/** Inputs as their own tools write them, on the real package index; everything is kept in `.cache/` and fetched once. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { buildAll, buildProject, contents } from '../kit/packages.ts'
import { lockingTool, realEnvironment, uvExecutable } from '../kit/real-tools.ts'
import { temporaryFolder } from '../kit/temporary-folder.ts'
import { projectFolder } from '../kit/wheel.ts'

const environment = realEnvironment
const index = environment['PIP_INDEX_URL'] ?? 'https://pypi.org/simple'
const uv = await uvExecutable()
const runUv = (folder: string, ...args: readonly string[]): void => {
  execFileSync(uv, [...args, '--quiet', '--no-python-downloads'], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
}

/** What was added to a project and what was taken out of it since its tool locked: told, and refused with `--locked`. */
async function expectStaleness(folder: string, lock: string, command: string): Promise<void> {
  const file = join(folder, 'pyproject.toml')
  const text = readFileSync(file, 'utf8')
  writeFileSync(file, text.replace('"idna==3.10"', '"attrs"'))
  const sentence = `\`${lock}\` is stale: the project asks for \`attrs\`, which it does not have; nothing asks any more for \`idna 3.10\`, which it has`
  const report = await buildProject(folder, { extras: ['fast'] }, environment)
  expect(report.notes).toMatchObject([{ message: sentence, hint: `Run \`${command}\`, and build again` }])
  await expect(buildProject(folder, { extras: ['fast'], locked: true }, environment)).rejects.toThrow(
    `${sentence}, and \`--locked\` forbids to build from it`,
  )
  writeFileSync(file, text)
}

test('a virtual environment of another architecture and a folder that pip filled give the bytes of the requirements', async () => {
  const folder = projectFolder({
    'app.py': 'import yaml\n',
    'requirements.txt': 'PyYAML==6.0.2\nmarkupsafe==3.0.2\n',
  })
  execFileSync('python3', ['-m', 'venv', join(folder, 'env')])
  const pip = (...args: readonly string[]): unknown =>
    execFileSync(
      join(folder, 'env/bin/python'),
      ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...args],
      { stdio: 'pipe' },
    )
  pip('-r', join(folder, 'requirements.txt'))
  pip('--target', join(folder, 'package'), '-r', join(folder, 'requirements.txt'))
  const target = { runtime: 'python3.13', architectures: ['arm64'] }
  const locked = await buildProject(folder, target, environment)
  const venv = await buildProject(folder, { ...target, fromVenv: 'env' }, environment)
  const filled = await buildProject(folder, { ...target, fromPackage: 'package' }, environment)
  expect(venv.codeSha256).toBe(locked.codeSha256)
  expect(filled.codeSha256).toBe(locked.codeSha256)
  expect(venv.notes.filter(({ code }) => code === 'ZY0445').map(({ message }) => message)).toEqual([
    expect.stringMatching(
      /^`markupsafe 3\.0\.2` is installed for `cp\d+-.*`; `cp313-cp313-manylinux_2_17_aarch64` is packed for python3\.13 on arm64$/,
    ),
    expect.stringContaining('`pyyaml 6.0.2`'),
  ])
  expect(locked.shares.map(({ name }) => name).sort()).toEqual(['markupsafe', 'pyyaml', undefined])
})

test('a uv workspace is packed from its uv.lock: members as wheels, extras as asked, markers for the target', async () => {
  const folder = projectFolder({
    'app.py': '',
    'pyproject.toml': `[project]
name = "shop"
version = "0.1"
requires-python = ">=3.10"
dependencies = ["core-lib", "idna==3.10", "colorama==0.4.6; sys_platform == 'win32'"]
[project.optional-dependencies]
fast = ["six==1.17.0"]
[dependency-groups]
dev = ["iniconfig==2.1.0"]
[tool.uv.sources]
core-lib = { workspace = true }
[tool.uv.workspace]
members = ["packages/core"]
`,
    'packages/core/pyproject.toml': `[project]
name = "core-lib"
version = "1.2"
dependencies = ["attrs==25.4.0"]
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[tool.hatch.build.targets.wheel]
packages = ["core_lib"]
`,
    'packages/core/core_lib/__init__.py': 'x = 1\n',
  })
  runUv(folder, 'lock')
  const report = await buildProject(folder, { extras: ['fast'] }, environment)
  expect(report.resolvedBy).toBe('uv.lock')
  expect(report.shares.map(({ name }) => name).sort()).toEqual(['attrs', 'core-lib', 'idna', 'six', undefined])
  const paths = Object.keys(contents(report.path))
  expect(paths).toContain('core_lib/__init__.py')
  expect(paths.filter((path) => path.startsWith('packages/'))).toEqual([])
  expect(report.shares.find(({ name }) => name === 'core-lib')?.builtBy).toMatch(/^this machine, Python 3/)
  // A second build neither builds nor asks anybody.
  const again = await buildProject(folder, { extras: ['fast'], offline: true }, environment)
  expect(again.codeSha256).toBe(report.codeSha256)
})

test(
  'pdm.lock is read as PDM writes it: groups, extras and markers for the target, the same bytes as from uv.lock',
  { timeout: 600_000 },
  async () => {
    const files = {
      'app.py': 'import idna\n',
      'pyproject.toml': `[project]
name = "app"
version = "0.1"
requires-python = ">=3.10"
dependencies = ["idna==3.10", "colorama==0.4.6; sys_platform == 'win32'", "exceptiongroup==1.3.0; python_version < '3.11'"]
[project.optional-dependencies]
fast = ["six==1.17.0", "markupsafe==3.0.2"]
[dependency-groups]
dev = ["iniconfig==2.1.0"]
`,
    }
    const [byPdm, byUv] = [projectFolder(files), projectFolder(files)]
    execFileSync(lockingTool('pdm'), ['lock', '--quiet', '--group', ':all'], {
      cwd: byPdm,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: {
        ...environment,
        PDM_CHECK_UPDATE: 'false',
        ...(environment['PIP_INDEX_URL'] ? { PDM_PYPI_URL: environment['PIP_INDEX_URL'] } : {}),
      },
    })
    runUv(byUv, 'lock')
    const request = { extras: ['fast'], architectures: ['arm64'], locked: true }
    for (const [runtime, more] of [
      ['python3.13', []],
      ['python3.10', ['exceptiongroup', 'typing-extensions']],
    ] as const) {
      const report = await buildProject(byPdm, { ...request, runtime }, { ...environment, UV: '/nowhere/uv' })
      expect(report.resolvedBy).toBe('pdm.lock')
      expect(report.notes).toEqual([])
      const names = report.shares.flatMap(({ name }) => name ?? [])
      expect(names.sort()).toEqual(['idna', 'markupsafe', 'six', ...more].sort())
      expect(report.codeSha256).toBe((await buildProject(byUv, { ...request, runtime }, environment)).codeSha256)
    }
    await expectStaleness(byPdm, 'pdm.lock', 'pdm lock')
    await expectStaleness(byUv, 'uv.lock', 'uv lock')
  },
)

test(
  'poetry.lock is read as Poetry writes it: groups, extras and markers for the target, the same bytes as from uv.lock',
  { timeout: 600_000 },
  async () => {
    const project = `[project]
name = "app"
version = "0.1"
requires-python = ">=3.10"
dependencies = ["idna==3.10", "colorama==0.4.6; sys_platform == 'win32'", "exceptiongroup==1.3.0; python_version < '3.11'"]
[project.optional-dependencies]
fast = ["six==1.17.0", "markupsafe==3.0.2"]
`
    // By pages: not every mirror has what Poetry asks of its standard source.
    const source = `[[tool.poetry.source]]\nname = "ours"\nurl = "${index}"\npriority = "primary"\n`
    const byPoetry = projectFolder({
      'app.py': 'import idna\n',
      'pyproject.toml': `${project}[tool.poetry]\npackage-mode = false\n[tool.poetry.group.dev.dependencies]\niniconfig = "2.1.0"\n${source}`,
    })
    const byUv = projectFolder({ 'app.py': 'import idna\n', 'pyproject.toml': project })
    execFileSync(lockingTool('poetry'), ['lock', '--no-interaction'], {
      cwd: byPoetry,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...environment, POETRY_VIRTUALENVS_CREATE: 'false', POETRY_CACHE_DIR: temporaryFolder() },
    })
    runUv(byUv, 'lock')
    const request = { extras: ['fast'], architectures: ['arm64'], locked: true }
    for (const runtime of ['python3.13', 'python3.10']) {
      const report = await buildProject(byPoetry, { ...request, runtime }, { ...environment, UV: '/nowhere/uv' })
      expect(report.resolvedBy).toBe('poetry.lock')
      expect(report.notes).toEqual([])
      expect(report.codeSha256).toBe((await buildProject(byUv, { ...request, runtime }, environment)).codeSha256)
    }
    await expectStaleness(byPoetry, 'poetry.lock', 'poetry lock')
  },
)

test(
  'Pipfile.lock is read as pipenv writes it, for another Python and architecture than those it was locked on',
  { timeout: 600_000 },
  async () => {
    const folder = projectFolder({
      'app.py': 'import idna\n',
      Pipfile: `[[source]]
url = "${index}"
verify_ssl = true
name = "pypi"
[packages]
idna = "==3.10"
markupsafe = "==3.0.2"
[dev-packages]
iniconfig = "==2.1.0"
`,
    })
    execFileSync(lockingTool('pipenv'), ['lock'], {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: {
        ...environment,
        WORKON_HOME: temporaryFolder(),
        PIPENV_IGNORE_VIRTUALENVS: '1',
        PIPENV_NOSPIN: '1',
        PIPENV_YES: '1',
      },
    })
    const request = { runtime: 'python3.13', architectures: ['arm64'] }
    const report = await buildProject(folder, { ...request, locked: true }, { ...environment, UV: '/nowhere/uv' })
    expect(report.resolvedBy).toBe('Pipfile.lock')
    const requirements = 'idna==3.10\nmarkupsafe==3.0.2\n'
    const byHand = projectFolder({ 'app.py': 'import idna\n', 'requirements.txt': requirements })
    expect(report.codeSha256).toBe((await buildProject(byHand, request, environment)).codeSha256)
  },
)

test(
  'an editable line is built as a wheel with the extras that it asks for, by uv and by pip, and anew when its source changes',
  { timeout: 600_000 },
  async () => {
    const folder = projectFolder({
      'app.py': 'import mylib, six\n',
      'requirements.txt': '-e ./mylib[more]\n',
      'mylib/mylib/__init__.py': '"""Mine."""\nx = 1\n',
      'mylib/pyproject.toml': `[build-system]
requires = ["flit_core==3.12.0"]
build-backend = "flit_core.buildapi"
[project]
name = "mylib"
version = "0.3"
description = "Mine."
dependencies = ["idna==3.10"]
[project.optional-dependencies]
more = ["six==1.17.0"]
`,
    })
    const byUv = await buildProject(folder, {}, environment)
    const byPip = await buildProject(folder, { resolver: 'pip', upgrade: true }, environment)
    for (const report of [byUv, byPip]) {
      expect(report.shares.map(({ name }) => name).sort()).toEqual(['idna', 'mylib', 'six', undefined])
      expect(contents(report.path)['mylib/__init__.py']).toContain('x = 1')
      // It is packed as an installation, and its folder is no part of the function's own code.
      expect(Object.keys(contents(report.path)).filter((path) => /\.pth$|^mylib\/mylib/.test(path))).toEqual([])
    }
    expect(byPip.codeSha256).toBe(byUv.codeSha256)
    writeFileSync(join(folder, 'mylib/mylib/__init__.py'), '"""Mine."""\nx = 2\n')
    const changed = await buildProject(folder, { locked: true }, environment)
    expect(contents(changed.path)['mylib/__init__.py']).toContain('x = 2')
  },
)

test('a script is packed from the lock that uv wrote beside it, which is told when it is stale', async () => {
  const script = (dependencies: string): string =>
    `# /// script\n# requires-python = ">=3.10"\n# dependencies = [${dependencies}]\n# ///\nimport idna\n`
  const folder = projectFolder({
    'job.py': script('"idna==3.10"'),
    // It is another project's.
    'pyproject.toml': '[project]\nname = "other"\nversion = "1"\ndependencies = ["six"]\n',
  })
  runUv(folder, 'lock', '--script', 'job.py')
  const request = { script: 'job.py', architectures: ['arm64'], locked: true }
  const report = await buildProject(folder, request, { ...environment, UV: '/nowhere/uv' })
  expect([report.resolvedBy, report.notes]).toEqual(['job.py.lock', []])
  expect(report.shares.map(({ name }) => name).sort()).toEqual(['idna', undefined])
  expect(Object.keys(contents(report.path)).filter((path) => !path.startsWith('idna'))).toEqual(['job.py'])
  writeFileSync(join(folder, 'job.py'), script('"idna==3.10", "attrs"'))
  await expect(buildProject(folder, request, environment)).rejects.toMatchObject({
    message:
      '`job.py.lock` is stale: the project asks for `attrs`, which it does not have, and `--locked` forbids to build from it',
    hint: 'Run `uv lock --script job.py`, and build again',
  })
})

test('requirements exported by uv with digests are a lock: no resolver runs', async () => {
  const folder = projectFolder({ 'app.py': '', 'requirements.in': 'requests==2.32.5\n' })
  runUv(folder, 'pip', 'compile', 'requirements.in', '--generate-hashes', '--universal', '-o', 'requirements.txt')
  const report = await buildProject(folder, {}, { ...environment, UV: '/nowhere/uv' })
  expect(report.resolvedBy).toBe('requirements.txt')
  expect(existsSync(join(folder, 'pylock.zipyard.toml'))).toBe(false)
  expect(report.shares.map(({ name }) => name).sort()).toEqual([
    'certifi',
    'charset-normalizer',
    'idna',
    'requests',
    'urllib3',
    undefined,
  ])
})

test('uv and pip, whose markers are repaired, come to the same package for another machine', async () => {
  const requirements = 'click==8.1.8\nimportlib-metadata==8.7.0\ntyping-extensions==4.15.0; python_version < "3.11"\n'
  const build = async (resolver: string) =>
    buildProject(
      projectFolder({ 'app.py': '', 'requirements.txt': requirements }),
      { resolver, runtime: 'python3.10', architectures: ['arm64'] },
      environment,
    )
  const [byUv, byPip] = [await build('uv'), await build('pip')]
  expect(byPip.resolvedBy).toMatch(/^pip /)
  expect(byPip.shares.map(({ name, version }) => `${name} ${version}`)).toEqual(
    byUv.shares.map(({ name, version }) => `${name} ${version}`),
  )
  expect(byPip.shares.map(({ name }) => name)).toContain('typing-extensions')
  expect(byPip.codeSha256).toBe(byUv.codeSha256)
})

test('a distribution without wheels is built where that is safe, and kept; one with native code for another machine is refused by name', async () => {
  const folder = projectFolder({ 'app.py': '', 'requirements.txt': 'docopt==0.6.2\n' })
  const report = await buildProject(folder, { architectures: ['arm64'] }, environment)
  expect(Object.keys(contents(report.path))).toContain('docopt.py')
  expect(report.shares.find(({ name }) => name === 'docopt')?.builtBy).toMatch(/^this machine/)
  const native = projectFolder({
    'app.py': '',
    'requirements.txt': './fast\n',
    'fast/pyproject.toml':
      '[project]\nname = "fast"\nversion = "1.0"\n[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n',
    'fast/setup.py':
      'from setuptools import setup, Extension\nsetup(ext_modules=[Extension("fast._native", ["native.c"], optional=True)], py_modules=[])\n',
    'fast/native.c':
      '#include <Python.h>\nstatic struct PyModuleDef m = {PyModuleDef_HEAD_INIT, "_native", 0, -1, 0};\nPyMODINIT_FUNC PyInit__native(void) { return PyModule_Create(&m); }\n',
  })
  const other = process.arch === 'arm64' ? 'x86_64' : 'arm64'
  const refusal = buildProject(
    native,
    { architectures: [other] },
    { ...environment, ZIPYARD_CONTAINER_ENGINE: '/nowhere/docker' },
  )
  await expect(refusal).rejects.toThrow(
    /^`fast` has no wheel for python3\.13 on .*, and building it here gives `fast-1\.0-cp3\d+-.*\.whl`/,
  )
  expect(existsSync(join(native, 'dist', 'package.zip'))).toBe(false)
})

test('a repository is a dependency at its commit', async () => {
  const repository = projectFolder({
    'pyproject.toml':
      '[project]\nname = "from-git"\nversion = "3.0"\n[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n',
    'from_git.py': 'x = 1\n',
  })
  const git = (...args: readonly string[]): string =>
    execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args], {
      cwd: repository,
      encoding: 'utf8',
    }).trim()
  git('init', '--quiet')
  git('add', '.')
  git('commit', '--quiet', '-m', 'x')
  const folder = projectFolder({
    'app.py': '',
    'requirements.txt': `from-git @ git+file://${repository}@${git('rev-parse', 'HEAD')}\n`,
  })
  const report = await buildProject(folder, {}, environment)
  expect(contents(report.path)['from_git.py']).toBe('x = 1\n')
  expect(readFileSync(join(folder, 'pylock.zipyard.toml'), 'utf8')).toContain(
    `commit-id = "${git('rev-parse', 'HEAD')}"`,
  )
})

test(
  'numpy, pandas and boto3 for two runtimes and two architectures, on one machine in one command',
  { timeout: 600_000 },
  async () => {
    const folder = projectFolder({
      'app.py': 'import boto3, numpy, pandas\n',
      'requirements.txt': 'numpy\npandas\nboto3\n',
    })
    const reports = await buildAll(
      folder,
      { runtime: 'python3.11,python3.13', architectures: ['x86_64', 'arm64'], noCheck: false },
      environment,
    )
    expect(reports.map(({ runtime, architecture }) => `${runtime} ${architecture}`)).toEqual([
      'python3.11 x86_64',
      'python3.11 arm64',
      'python3.13 x86_64',
      'python3.13 arm64',
    ])
    for (const { architecture, runtime, shares, findings } of reports) {
      const native = shares.filter(({ name }) => name === 'numpy' || name === 'pandas').map(({ wheel }) => wheel)
      expect(native).toHaveLength(2)
      for (const wheel of native) expect(wheel).toContain(runtime.replace('python3.', 'cp3'))
      for (const wheel of native) expect(wheel).toContain(architecture === 'arm64' ? 'aarch64' : 'x86_64')
      expect(findings.filter(({ severity }) => severity === 'error')).toEqual([])
    }
  },
)
