/**
 * Programs that know the Runtime API by TCP only (the official `awslambdaric`, `provided.*` bootstraps) run unchanged in a network of their own, in
 * every tier: there is nothing to reach in it but the Runtime API.
 */
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { awslambdaricFolder, awslambdaricLayer, awslambdaricWrapper } from '../../test/kit/awslambdaric.ts'
import { invokerBench, type InvokerBench } from '../../test/kit/invoker-bench.ts'
import { testedTiers } from '../../test/kit/sandbox-bench.ts'
import { findInterpreters, interpreterFor } from '../interpreters/find-interpreters.ts'
import { Bridge } from '../sandbox/bridge.ts'
import { openTier } from '../sandbox/open-tier.ts'
import type { NetworkMode, Tier } from '../sandbox/sandbox.ts'
import { runtimeFolder } from './launch-plan.ts'

const runtime = 'python3.11'
const python = interpreterFor(
  runtime,
  await findInterpreters({ dataFolder: mkdtempSync(join(tmpdir(), 'zipyard-pythons-')) }),
)

const canBridge = testedTiers.includes('root') && Bridge.lacking() === undefined
const places: readonly (readonly [Tier, NetworkMode])[] = [
  ...testedTiers.map((tier) => [tier, 'none'] as const),
  ...(canBridge ? [['root', 'bridge'] as const] : []),
]

describe.each(places)('tier %s, network %s', (tier, network) => {
  let bench: InvokerBench
  beforeAll(async () => {
    bench = await invokerBench({
      network,
      sandbox: (folder) =>
        openTier(tier, { stateFolder: join(folder, 'sandbox'), runtimeFolder, launcher: python, network }),
    })
  })
  afterAll(() => bench.stop())

  test('awslambdaric runs functions, also after its process ended', async () => {
    // A plain process finds the layer where it lies on the host.
    const layer = awslambdaricLayer(await awslambdaricFolder(python)).map((entry) =>
      tier === 'process' && entry.path === 'ric'
        ? { ...entry, bytes: String(entry.bytes).replace('/opt/python', '$(dirname "$0")/python') }
        : entry,
    )
    const version = bench.version(
      `
import os, socket
def reaches(address):
    try:
        socket.create_connection(address, 1).close()
        return True
    except OSError:
        return False
def handler(event, context):
    if event.get('exit'):
        os._exit(3)
    return [event, 'awslambdaric' in __import__('sys').modules, os.environ['AWS_LAMBDA_RUNTIME_API'].split(':')[1], reaches(('127.0.0.1', event['port']))]
`,
      {
        runtime,
        layers: [{ arn: 'arn:layer', codeDigest: bench.store(layer) }],
        environment: { AWS_LAMBDA_EXEC_WRAPPER: awslambdaricWrapper },
        timeoutSeconds: 30,
      },
    )
    const port = tier === 'process' ? expect.any(String) : '9001'
    for (const n of [1, 2])
      expect((await bench.invoke(version, { n, port: 9 })).json).toEqual([{ n, port: 9 }, true, port, false])
    expect((await bench.invoke(version, { exit: true })).json).toMatchObject({ errorType: 'Runtime.ExitError' })
    expect((await bench.invoke(version, { port: 9 })).json).toEqual([{ port: 9 }, true, port, false])
  })

  test('an extension runs beside the function, and its end is told', async () => {
    const extension = `#!/bin/sh
api="http://$AWS_LAMBDA_RUNTIME_API/2020-01-01/extension"
id=$(curl -sS -o /dev/null -D - -X POST "$api/register" -H 'Lambda-Extension-Name: watcher' -d '{"events":["INVOKE"]}' | tr -d '\\r' | sed -n 's/^[Ll]ambda-[Ee]xtension-[Ii]dentifier: //p')
while curl -sS "$api/event/next" -H "Lambda-Extension-Identifier: $id" | grep -v crash; do :; done
exit 4
`
    const layer = [{ path: 'extensions/watcher', bytes: extension, mode: 0o755 }]
    const version = bench.version(
      'import time\ndef handler(e, c):\n    time.sleep(e.get("seconds", 0))\n    return "done"',
      {
        runtime,
        layers: [{ arn: 'arn:layer', codeDigest: bench.store(layer) }],
        timeoutSeconds: 30,
      },
    )
    for (let count = 0; count < 2; count += 1) expect((await bench.invoke(version)).json).toBe('done')
    const crash = { requestId: 'crash', payload: Buffer.from('{"seconds":60}') }
    expect((await bench.invoke(version, {}, crash)).text).toBe(
      '{"errorType":"Extension.Crash","errorMessage":"RequestId: crash Error: exit code 4"}',
    )
  })

  test('a bootstrap of `provided.al2023` runs', async () => {
    const program = `#!/bin/sh
set -eu
api="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation"
while true; do
  event=$(curl -sS -D "\${TMPDIR:-/tmp}/headers" "$api/next")
  id=$(tr -d '\\r' < "\${TMPDIR:-/tmp}/headers" | sed -n 's/^[Ll]ambda-[Rr]untime-[Aa]ws-[Rr]equest-[Ii]d: //p')
  curl -sS -X POST "$api/$id/response" -d "{\\"event\\":$event}" > /dev/null
done
`
    const version = bench.version([{ path: 'bootstrap', bytes: program, mode: 0o755 }], {
      runtime: 'provided.al2023',
      handler: 'any',
      timeoutSeconds: 30,
    })
    for (const n of [1, 2]) expect((await bench.invoke(version, { n })).json).toEqual({ event: { n } })
  })
})
