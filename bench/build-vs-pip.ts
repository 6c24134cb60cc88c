/** `zipyard build` against the AWS page's own way, `pip install --target` and `zip -r`: the same versions, pip's wheels on disk. */
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { cacheFolder, editProject, makePackageProject, runProgram, timed } from './kit/package-project.ts'
import { distribution, report } from './kit/measure.ts'

const rounds = Number(process.env['ROUNDS'] ?? 3)
const project = makePackageProject()
const wheels = join(cacheFolder, 'bench-wheels')
mkdirSync(wheels, { recursive: true })
const pip = ['-m', 'pip', '--disable-pip-version-check', '--quiet']
if (!existsSync(wheels) || readdirSync(wheels).length < project.pins.length)
  runProgram('python3', [...pip, 'download', '--no-deps', '--only-binary', ':all:', '--dest', wheels, ...project.pins])
const target = join(project.scratch, 'target')
const zip = join(project.scratch, 'package.zip')
const packageWithPip = (): number => {
  rmSync(target, { recursive: true, force: true })
  rmSync(zip, { force: true })
  const installed = runProgram('python3', [
    ...pip,
    'install',
    '--no-index',
    '--find-links',
    wheels,
    '--no-deps',
    '--target',
    target,
    ...project.pins,
  ])
  const copied = timed(() => {
    cpSync(join(project.folder, 'app.py'), join(target, 'app.py'))
    cpSync(join(project.folder, 'shop'), join(target, 'shop'), { recursive: true })
  })
  return installed + copied + runProgram('zip', ['-q', '-r', zip, '.'], { cwd: target })
}
const ours: number[] = []
const theirs: number[] = []
for (let round = 0; round < rounds; round += 1) {
  editProject(project, 1000 + round)
  for (let repeat = 0; repeat < 3; repeat += 1) ours.push(project.build())
  theirs.push(packageWithPip())
}
const [own, peer] = [distribution(ours), distribution(theirs)]
report(
  'build-vs-pip',
  { 'zipyard build': own, 'pip install --target + zip -r': peer },
  [{ name: 'pip and zip / zipyard', value: peer.p50 / own.p50, atLeast: 40 }],
  [`${(project.zippedBytes / 1e6).toFixed(1)} MB zipped, ${project.entries} entries`],
)
project.remove()
