/** A package that Zipyard built for this machine's architecture imports and answers under the service, for every runtime whose Python is here. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { findInterpreters } from '../../src/interpreters/find-interpreters.ts'
import { pythonRuntimes } from '../../src/lambda/runtimes.ts'
import { realEnvironment } from '../kit/real-tools.ts'
import { projectFolder } from '../kit/wheel.ts'
import {
  cleanEnvironment,
  runProgram,
  startService,
  temporaryFolder,
  zipyard,
  type RunningService,
} from '../kit/zipyard.ts'

const architecture = process.arch === 'arm64' ? 'arm64' : 'x86_64'
const here = (await findInterpreters({ dataFolder: temporaryFolder('interpreters'), environment: process.env }))
  .filter(({ isFinal, isFreeThreaded }) => isFinal && !isFreeThreaded)
  .map(({ minor }) => minor)
// Wheels of the two distributions below exist from Python 3.8 on.
const runtimes = pythonRuntimes.filter(({ python, minor }) => here.includes(python) && minor[1] >= 8)

let service: RunningService
beforeAll(async () => {
  service = await startService()
})
afterAll(() => service.stop())

test.each(runtimes.map(({ id, python }) => [id, python] as const))(
  'a package with native code built for %s answers',
  async (runtime, python) => {
    const folder = projectFolder({
      'app.py': `import platform
import sys

import idna
import yaml
from yaml import _yaml


def handler(event, context):
    return {
        "python": "%d.%d" % sys.version_info[:2],
        "machine": platform.machine(),
        "native": _yaml.__file__.endswith(".so") and yaml.__with_libyaml__,
        "answer": yaml.load(event["text"], Loader=yaml.CSafeLoader),
        "name": idna.encode("größe").decode(),
    }
`,
      'requirements.txt': 'pyyaml==6.0.3\nidna==3.10\n',
    })
    const built = zipyard(
      ['build', folder, '--runtime', runtime, '--arch', architecture, '--handler', 'app.handler', '-o', 'app.zip'],
      {
        cwd: folder,
        env: { ...cleanEnvironment(), ZIPYARD_CACHE_DIR: realEnvironment['ZIPYARD_CACHE_DIR']! },
      },
    )
    expect(built.exitCode, built.stderr).toBe(0)
    const run = (...args: string[]) => runProgram('zipyard', args, { cwd: folder, env: service.environment })
    const name = `built-${python.replace('.', '-')}`
    const deployed = await run('deploy', 'app.zip', '--function-name', name, '--runtime', runtime, '--arch', architecture, '--handler', 'app.handler') // prettier-ignore
    expect(deployed.exitCode, deployed.stderr).toBe(0)
    writeFileSync(join(folder, 'event.json'), JSON.stringify({ text: 'a: [1, 2]' }))
    const answered = await run('invoke', name, '-e', 'event.json')
    expect(answered.exitCode, answered.stderr).toBe(0)
    expect(JSON.parse(answered.stdout)).toEqual({
      python,
      machine: architecture === 'arm64' ? 'aarch64' : 'x86_64',
      native: true,
      answer: { a: [1, 2] },
      name: 'xn--gre-6ka8i',
    })
  },
)
