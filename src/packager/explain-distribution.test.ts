import { join } from 'node:path'
import { expect, test } from 'vitest'
import { lockedProject, scratch } from '../../test/kit/packages.ts'
import type { WheelSpec } from '../../test/kit/wheel.ts'
import { explainDistribution, type Explanation } from './explain-distribution.ts'
import { planBuilds, type BuildRequest } from './plan-builds.ts'
import { createBuildSurroundings } from './surroundings.ts'

const wheels: readonly WheelSpec[] = [
  { name: 'client', requires: ['codec'], files: { 'client/__init__.py': 'import codec\n' } },
  { name: 'codec', files: { 'codec.py': 'def read():\n    import lazy\n' } },
  { name: 'lazy' },
  { name: 'unused' },
]
const code = { 'app.py': 'import client\ndef main(event, context): return 1\n', 'tool.py': 'import unused\n' }

async function explain(name: string, request: Partial<BuildRequest> = {}): Promise<Explanation> {
  const folder = lockedProject(code, wheels)
  const environment = { HOME: scratch, ZIPYARD_CACHE_DIR: join(scratch, 'cache') }
  const surroundings = await createBuildSurroundings({ environment })
  const [plan] = planBuilds({ workingDirectory: folder, handler: 'app.main', ...request })
  return explainDistribution(plan!, name, surroundings).finally(() => surroundings.close())
}

test('a distribution is explained by the imports that lead to it from the handler', async () => {
  expect((await explain('codec')).imported).toEqual({
    startsAtHandler: true,
    files: ['app.py', 'client/__init__.py', 'codec.py'],
    isCertain: true,
  })
  expect((await explain('lazy')).imported).toMatchObject({
    files: ['app.py', 'client/__init__.py', 'codec.py', 'lazy.py'],
    isCertain: false,
  })
})

test('what no import of the handler reaches is told; without a handler all own code counts', async () => {
  expect((await explain('unused')).imported).toEqual({ startsAtHandler: true, files: [], isCertain: false })
  expect((await explain('unused', { handler: undefined })).imported).toMatchObject({
    startsAtHandler: false,
    files: ['tool.py', 'unused.py'],
  })
  expect((await explain('unused', { layer: true })).imported).toBeUndefined()
})
