/** `zipyard build` against `uv pip install --target` and `zip -r`: the same versions, both with everything cached. */
import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { findUv } from '../src/packager/resolve/find-uv.ts'
import { createBuildSurroundings } from '../src/packager/surroundings.ts'
import { cacheFolder, editProject, makePackageProject, python, runProgram, timed } from './kit/package-project.ts'
import { distribution, report } from './kit/measure.ts'

const rounds = Number(process.env['ROUNDS'] ?? 3)
const project = makePackageProject()
const surroundings = await createBuildSurroundings({
  environment: process.env,
  cacheFolder: join(cacheFolder, 'zipyard'),
})
const uv = await findUv(process.env, surroundings)
await surroundings.close()
if (!('executable' in uv)) throw new Error(`the peer is missing: ${uv.because}`)
const target = join(project.scratch, 'target')
const zip = join(project.scratch, 'package.zip')
const install = (): number =>
  runProgram(uv.executable, [
    'pip',
    'install',
    '--quiet',
    '--target',
    target,
    '--python-version',
    python,
    '--python-platform',
    'x86_64-manylinux_2_17',
    '--only-binary',
    ':all:',
    '--no-deps',
    ...project.pins,
  ])
const packageWithUv = (): number => {
  rmSync(target, { recursive: true, force: true })
  rmSync(zip, { force: true })
  const installed = install()
  const copied = timed(() => {
    cpSync(join(project.folder, 'app.py'), join(target, 'app.py'))
    cpSync(join(project.folder, 'shop'), join(target, 'shop'), { recursive: true })
  })
  return installed + copied + runProgram('zip', ['-q', '-r', zip, '.'], { cwd: target })
}
packageWithUv()
const ours: number[] = []
const theirs: number[] = []
for (let round = 0; round < rounds; round += 1) {
  editProject(project, 1000 + round)
  for (let repeat = 0; repeat < 3; repeat += 1) ours.push(project.build())
  theirs.push(packageWithUv())
}
const [own, peer] = [distribution(ours), distribution(theirs)]
report(
  'build-vs-uv',
  { 'zipyard build': own, 'uv pip install --target + zip -r': peer },
  [{ name: 'uv and zip / zipyard', value: peer.p50 / own.p50, atLeast: 20 }],
  [`uv ${uv.version}; ${(project.zippedBytes / 1e6).toFixed(1)} MB zipped, ${project.entries} entries`],
)
project.remove()
