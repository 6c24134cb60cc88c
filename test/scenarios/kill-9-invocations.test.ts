/**
 * The service is killed while functions run, sleep, fork and are handed events to run later. After the next start every accepted event runs, and of the
 * killed service nothing is left: no process, no mount, no control group, no folder of an environment.
 */
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, expect, test } from 'vitest'
import { LambdaClient } from '../../src/client/lambda-client.ts'
import { serviceTarget } from '../../src/client/target.ts'
import { readServiceFile } from '../../src/settings/service-file.ts'
import { archive } from '../kit/archive.ts'
import { processesThatMention } from '../kit/sandbox-bench.ts'
import { startService, temporaryFolder, type RunningService } from '../kit/zipyard.ts'

const rounds = Number(process.env['ZIPYARD_KILL_ROUNDS'] ?? 2)
const mark = `zipyard-killed-${process.pid}`
let service: RunningService | undefined
afterAll(() => service?.stop())

const code = `
import socket, subprocess, time
def tell(event, context):
    with socket.create_connection(("127.0.0.1", event["port"]), 10) as connection:
        connection.sendall(b"%d\\n" % event["n"])
def fork(event, context):
    subprocess.Popen(["/bin/sh", "-c", "sleep 600; : " + event["mark"]], start_new_session=True)
    time.sleep(event["sleep"])
    return event["mark"]
`

test(
  `killed ${rounds} times under invocations, nothing stays and every accepted event runs`,
  { timeout: 600_000 + rounds * 120_000 },
  async () => {
    const dataFolder = join(temporaryFolder('kill-invocations'), 'data')
    const heard = new Map<number, number>()
    const collector = createServer((socket) => {
      let text = ''
      socket.on('error', () => undefined)
      socket.on('data', (chunk: Buffer) => (text += chunk.toString()))
      socket.on('close', () => {
        for (const line of text.split('\n').slice(0, -1)) heard.set(Number(line), (heard.get(Number(line)) ?? 0) + 1)
      })
    })
    await new Promise<void>((done) => {
      collector.listen(0, '127.0.0.1', done)
    })
    const { port } = collector.address() as AddressInfo
    service = await startService({ dataFolder })
    const clientOf = (): LambdaClient => new LambdaClient(serviceTarget(readServiceFile(dataFolder)))
    const first = clientOf()
    const ZipFile = archive({ 'app.py': code }).toString('base64')
    for (const name of ['tell', 'fork']) {
      await first.create({
        FunctionName: name,
        Runtime: 'python3.11',
        Handler: `app.${name}`,
        Role: 'arn:aws:iam::123456789012:role/r',
        Timeout: 30,
        Code: { ZipFile },
      })
      await first.waitUntilReady(name)
    }
    const accepted: number[] = []
    let sent = 0
    for (let round = 0; round < rounds; round++) {
      const client = clientOf()
      const killed = service.process.pid!
      const event = (): Buffer =>
        Buffer.from(JSON.stringify({ n: (sent += 1), port, mark: `${mark}-${round}-`, sleep: 20 }))
      const life = { over: false }
      const handOver = async (): Promise<void> => {
        while (!life.over) {
          const payload = event()
          const n = sent
          const answer = await client.invoke('tell', { payload, type: 'Event' }).catch(() => undefined)
          if (!answer) return
          accepted.push(n)
          // The point is what becomes of events, not how many there are.
          await sleep(50)
        }
      }
      const failures: string[] = []
      const before = accepted.length
      const load = Promise.all([
        handOver(),
        handOver(),
        ...Array.from({ length: 3 }, () =>
          client.invoke('fork', { payload: event() }).then(
            ({ payload, functionError }) => functionError && failures.push(payload.toString()),
            (error: unknown) => failures.push(String(error)),
          ),
        ),
      ])
      await expect.poll(() => [processesThatMention(`${mark}-${round}-`).length > 0, ...failures]).toEqual([true])
      while (accepted.length < before + 5) await sleep(5)
      await sleep(Math.random() * 500)
      await service.kill()
      life.over = true
      await load
      service = await startService({ dataFolder })
      await expect.poll(() => processesThatMention(`${mark}-${round}-`)).toEqual([])
      await expect.poll(() => groupsOf(killed)).toEqual([])
      expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(dataFolder)
      expect(readdirSync(join(dataFolder, 'sandbox')).filter((name) => name.startsWith(`zipyard-${killed}-`))).toEqual(
        [],
      )
    }
    // At least once: what was under way when the service died runs again.
    await expect.poll(() => accepted.filter((n) => !heard.has(n)), { timeout: 120_000, interval: 200 }).toEqual([])
    process.stderr.write(
      `${new Date().toISOString().slice(0, 10)} killed ${rounds} times under invocations; ${accepted.length} events accepted, all ran, ${[...heard.values()].filter((times) => times > 1).length} twice\n`,
    )
    collector.close()
  },
)

const groupsOf = (pid: number): string[] =>
  spawnSync('find', ['/sys/fs/cgroup', '-type', 'd', '-path', `*/zipyard-${pid}-*`], { encoding: 'utf8' })
    .stdout.split('\n')
    .filter(Boolean)
