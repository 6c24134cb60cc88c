/** `npm run conformance [TOPIC…] [-- --verbose]`: the score by topic, then every difference. */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLog } from '../../src/base/log.ts'
import { recordedTopics, replayTopic, type StepOutcome } from './conformance.ts'
import { startRecordedService } from './recorded-service.ts'

const args = process.argv.slice(2)
const asJson = args.includes('--json')
const wanted = args.filter((arg) => !arg.startsWith('--'))
const folder = mkdtempSync(join(tmpdir(), 'zipyard-conformance-'))
chmodSync(folder, 0o755)
const log = createLog({
  level: args.includes('--debug') ? 'debug' : 'error',
  json: false,
  write: (line) => process.stderr.write(line),
})
const service = await startRecordedService(folder, log)
const outcomes: StepOutcome[] = []
try {
  for (const topic of wanted.length > 0 ? wanted : recordedTopics()) {
    // Some stories wait as they did on AWS: who runs this sees that it goes on.
    process.stderr.write(`replaying ${topic}\n`)
    outcomes.push(...(await replayTopic(topic, service)))
  }
} finally {
  await service.stop()
  rmSync(folder, { recursive: true, force: true })
}

const count = (topic: string | undefined, outcome: StepOutcome['outcome']): number =>
  outcomes.filter((one) => (topic === undefined || one.topic === topic) && one.outcome === outcome).length
if (asJson) process.stdout.write(`${JSON.stringify(outcomes, undefined, 2)}\n`)
else {
  process.stdout.write('topic                     same  different  explained  not compared\n')
  for (const topic of [...new Set(outcomes.map((one) => one.topic)), undefined]) {
    const [same, different, explained, skipped] = (['same', 'different', 'explained', 'skipped'] as const).map((one) =>
      count(topic, one),
    )
    process.stdout.write(
      `${(topic ?? 'all').padEnd(24)} ${String(same).padStart(5)} ${String(different).padStart(10)} ${String(explained).padStart(10)} ${String(skipped).padStart(13)}\n`,
    )
  }
  const reasons = new Map<string, number>()
  for (const { because = 'no reason' } of outcomes.filter(({ outcome }) => outcome === 'skipped'))
    reasons.set(because, (reasons.get(because) ?? 0) + 1)
  process.stdout.write('\nnot compared because\n')
  for (const [because, steps] of [...reasons].sort((a, b) => b[1] - a[1]))
    process.stdout.write(`${String(steps).padStart(6)}  ${because}\n`)
  for (const one of outcomes.filter(({ outcome }) => outcome === 'different' || outcome === 'explained')) {
    process.stdout.write(`\n${one.outcome} ${one.topic} ${one.recording} step ${one.step} ${one.operation}\n`)
    if (one.because !== undefined) process.stdout.write(`  because ${one.because}\n`)
    for (const difference of one.differences) process.stdout.write(`  ${difference}\n`)
  }
}
process.exitCode = count(undefined, 'different') > 0 ? 1 : 0
