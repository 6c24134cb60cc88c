import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { buildProject, contents, scratch } from '../../../test/kit/packages.ts'
import { projectFolder, wheel } from '../../../test/kit/wheel.ts'
import { parsePythonRuntime } from '../../lambda/runtimes.ts'
import { targetOf } from '../target.ts'
import { buildImage, containerArguments, findContainerEngine } from './container.ts'

const arm = targetOf(parsePythonRuntime('python3.12'), 'arm64')

test("the container is the runtime's own build image, of the target's architecture, and sees the source and nothing else", () => {
  const args = containerArguments({
    target: arm,
    image: buildImage(arm, {}),
    project: '/tmp/p',
    out: '/tmp/o',
    user: { uid: 1000, gid: 1000 },
    indexUrl: 'https://index.example/simple',
  })
  expect(args.join(' ')).toBe(
    'run --rm --platform linux/arm64 --volume /tmp/p:/source:ro --volume /tmp/o:/out --user 1000:1000 --env HOME=/tmp --env SOURCE_DATE_EPOCH=315532800 --env PYTHONHASHSEED=0 --env PIP_INDEX_URL=https://index.example/simple ' +
      '--entrypoint /bin/sh public.ecr.aws/sam/build-python3.12:latest-arm64 -c ' +
      'cp -r /source /tmp/source && python3.12 -m pip wheel --no-deps --no-cache-dir --disable-pip-version-check --wheel-dir /out /tmp/source',
  )
  expect(buildImage(arm, { ZIPYARD_BUILD_IMAGE: 'registry.example/build:1' })).toBe('registry.example/build:1')
  expect(findContainerEngine({ PATH: '/nowhere' })).toBeUndefined()
  expect(findContainerEngine({ PATH: '/nowhere', ZIPYARD_CONTAINER_ENGINE: '/opt/podman' })).toBe('/opt/podman')
})

test('what cannot be built here is built by the engine, without credentials, and kept', async () => {
  const other = process.arch === 'arm64' ? 'x86_64' : 'arm64'
  const machine = other === 'arm64' ? 'aarch64' : 'x86_64'
  const made = wheel(join(scratch, 'from-container'), {
    name: 'fast',
    tag: `cp313-cp313-manylinux_2_28_${machine}`,
    files: { 'fast.py': '# of the container\n' },
  })
  const log = join(scratch, 'engine.log')
  const engine = join(scratch, 'engine')
  // Stands in for docker: writes down what it is told, and leaves the wheel where the command line says.
  writeFileSync(
    engine,
    `#!/bin/sh\n[ "$1" = info ] && exit 0\nprintf '%s\\n' "$@" > '${log}'\nenv >> '${log}'\nfor argument in "$@"; do case "$argument" in *:/out) cp '${made.path}' "\${argument%:/out}"/;; esac; done\n`,
  )
  chmodSync(engine, 0o755)
  const folder = projectFolder({
    'app.py': '',
    'requirements.txt': './fast\n',
    'fast/pyproject.toml':
      '[project]\nname = "fast"\nversion = "1.0"\n[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n',
    'fast/backend.py':
      'import shutil\ndef build_wheel(out, settings=None, metadata=None):\n    raise SystemExit("needs a compiler for another machine")\ndef prepare_metadata_for_build_wheel(out, settings=None):\n    import os\n    os.makedirs(out + "/fast-1.0.dist-info")\n    open(out + "/fast-1.0.dist-info/METADATA", "w").write("Metadata-Version: 2.1\\nName: fast\\nVersion: 1.0\\n")\n    return "fast-1.0.dist-info"\n',
  })
  const environment = {
    ...process.env,
    ZIPYARD_CONTAINER_ENGINE: engine,
    PIP_INDEX_URL: 'https://ana:secret@index.example/simple',
    AWS_SECRET_ACCESS_KEY: 'aws-secret',
  } as unknown as Record<string, string>
  delete environment['ZIPYARD_CACHE_DIR']
  const cache = { ...environment, ZIPYARD_CACHE_DIR: join(scratch, 'container-cache') }
  const report = await buildProject(folder, { architectures: [other], resolver: 'pip' }, cache)
  expect(contents(report.path)['fast.py']).toBe('# of the container\n')
  expect(report.shares.find(({ name }) => name === 'fast')?.builtBy).toContain(`build-python3.13:latest-${other}`)
  const said = readFileSync(log, 'utf8')
  expect(said).toContain('PIP_INDEX_URL=https://index.example/simple')
  expect(said).not.toMatch(/secret/)
  writeFileSync(log, '')
  await buildProject(folder, { architectures: [other], resolver: 'pip' }, cache)
  expect(existsSync(log) && readFileSync(log, 'utf8')).toBe('')
})
