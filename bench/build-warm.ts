/**
 * `zipyard build` after one own file changed, the whole process with Node's start, resolution and audit; against copying and hashing the very bytes
 * it wrote. No memo of archives: every build writes the package from the wheels again.
 */
import { join } from 'node:path'
import { copyAndHash, editProject, makePackageProject, runProgram } from './kit/package-project.ts'
import { distribution, report } from './kit/measure.ts'
import { certificatesNote, plainEnvironment } from './kit/plain-environment.ts'

const rounds = Number(process.env['ROUNDS'] ?? 15)
const project = makePackageProject()
const builds: number[] = []
const copies: number[] = []
const starts: number[] = []
const copy = join(project.scratch, 'copy.bin')
for (let round = 0; round < rounds; round += 1) {
  editProject(project, 1000 + round)
  builds.push(project.build())
  copies.push(copyAndHash(project.archive, copy))
  starts.push(runProgram(process.execPath, ['-e', '0'], { env: plainEnvironment() }))
}
const [build, limit, start] = [builds, copies, starts].map(distribution) as [
  ReturnType<typeof distribution>,
  ReturnType<typeof distribution>,
  ReturnType<typeof distribution>,
]
report(
  'build-warm',
  { 'zipyard build, one own file changed': build, 'cp + openssl sha256 of the same bytes': limit, 'node -e 0': start },
  [{ name: 'build / (cp + sha256)', value: build.p50 / limit.p50, atMost: 1.8 }],
  [`${(project.zippedBytes / 1e6).toFixed(1)} MB zipped, ${project.entries} entries`, ...certificatesNote()],
)
project.remove()
