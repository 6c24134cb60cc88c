/** `zipyard build` against `sam build` and its zip step: the same function and versions, pip's wheels cached. The peer comes from the package index into `.peers/`. */
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { editProject, makePackageProject, peersFolder, python, runProgram } from './kit/package-project.ts'
import { distribution, report } from './kit/measure.ts'

const rounds = Number(process.env['ROUNDS'] ?? 2)
const home = join(peersFolder, 'sam')
const sam = join(home, 'bin', 'sam')
try {
  if (!existsSync(sam)) {
    mkdirSync(peersFolder, { recursive: true })
    runProgram('python3', ['-m', 'venv', home])
    runProgram(join(home, 'bin', 'python'), [
      '-m',
      'pip',
      'install',
      '--quiet',
      '--disable-pip-version-check',
      'aws-sam-cli',
    ])
  }
} catch (error) {
  rmSync(home, { recursive: true, force: true })
  process.stderr.write(`build-vs-sam: not measured, the peer cannot be had: ${(error as Error).message}\n`)
  process.exit(1)
}

const project = makePackageProject()
writeFileSync(
  join(project.folder, 'template.yaml'),
  `AWSTemplateFormatVersion: '2010-09-09'
Transform: AWS::Serverless-2016-10-31
Resources:
  Shop:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: .
      Handler: app.lambda_handler
      Runtime: python${python}
`,
)
writeFileSync(join(project.folder, 'requirements.txt'), project.pins.map((pin) => `${pin}\n`).join(''))
project.build()
const built = join(project.folder, '.aws-sam/build/Shop')
const zip = join(project.scratch, 'package.zip')
const packageWithSam = (): number => {
  rmSync(join(project.folder, '.aws-sam'), { recursive: true, force: true })
  rmSync(zip, { force: true })
  const env = { ...process.env, SAM_CLI_TELEMETRY: '0', AWS_DEFAULT_REGION: 'us-east-1' }
  const build = runProgram(sam, ['build', '--no-cached'], { cwd: project.folder, env })
  return build + runProgram('zip', ['-q', '-r', zip, '.'], { cwd: built })
}
packageWithSam()
const ours: number[] = []
const theirs: number[] = []
for (let round = 0; round < rounds; round += 1) {
  editProject(project, 1000 + round)
  rmSync(join(project.folder, '.aws-sam'), { recursive: true, force: true })
  for (let repeat = 0; repeat < 3; repeat += 1) ours.push(project.build())
  theirs.push(packageWithSam())
}
const [own, peer] = [distribution(ours), distribution(theirs)]
report(
  'build-vs-sam',
  { 'zipyard build': own, 'sam build + zip -r': peer },
  [{ name: 'sam and zip / zipyard', value: peer.p50 / own.p50, atLeast: 40 }],
  [`${(project.zippedBytes / 1e6).toFixed(1)} MB zipped, ${project.entries} entries`],
)
project.remove()
