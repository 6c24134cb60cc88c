/**
 * The permission bits of a zip decide what its function can read, as on Lambda: all five rows of the execution-environment reference 1.6, in every tier
 * that this machine and this user hold.
 */
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { invokerBench, type InvokerBench } from '../../test/kit/invoker-bench.ts'
import { testedTiers } from '../../test/kit/sandbox-bench.ts'
import { openTier } from '../sandbox/open-tier.ts'
import type { WriterEntry } from '../zip/writer.ts'
import { runtimeFolder } from './launch-plan.ts'

const handler = 'def handler(event, context):\n    return "fine"\n'

interface Row {
  readonly name: string
  readonly files: readonly WriterEntry[]
  readonly errorType: string
  readonly errorMessage: string
}

const rows: readonly Row[] = [
  {
    name: 'handler 0600',
    files: [{ path: 'app.py', bytes: handler, mode: 0o600 }],
    errorType: 'PermissionError',
    errorMessage: "[Errno 13] Permission denied: '/var/task/app.py'",
  },
  {
    name: 'package 0755 with an __init__.py 0600',
    files: [
      { path: 'app.py', bytes: `import d\n${handler}` },
      { path: 'd/', bytes: '', mode: 0o755 },
      { path: 'd/__init__.py', bytes: '', mode: 0o600 },
    ],
    errorType: 'PermissionError',
    errorMessage: "[Errno 13] Permission denied: '/var/task/d/__init__.py'",
  },
  {
    name: 'package folder 0700 is an empty namespace package',
    files: [
      { path: 'app.py', bytes: `from d import x\n${handler}` },
      { path: 'd/', bytes: '', mode: 0o700 },
      { path: 'd/__init__.py', bytes: 'x = 1' },
    ],
    errorType: 'Runtime.ImportModuleError',
    errorMessage: "Unable to import module 'app': cannot import name 'x' from 'd' (unknown location)",
  },
  {
    name: 'folder 0711 cannot be listed',
    files: [
      { path: 'app.py', bytes: `import n.m\n${handler}` },
      { path: 'n/', bytes: '', mode: 0o711 },
      { path: 'n/m.py', bytes: '' },
    ],
    errorType: 'Runtime.ImportModuleError',
    errorMessage: "Unable to import module 'app': No module named 'n.m'",
  },
  {
    name: 'whole root 0700',
    files: [
      { path: './', bytes: '', mode: 0o700 },
      { path: 'app.py', bytes: handler },
    ],
    errorType: 'Runtime.ImportModuleError',
    errorMessage: "Unable to import module 'app': No module named 'app'",
  },
]

describe.each(testedTiers)('tier %s', (tier) => {
  let bench: InvokerBench
  beforeAll(async () => {
    bench = await invokerBench({
      sandbox: (folder) => openTier(tier, { stateFolder: join(folder, 'sandbox'), runtimeFolder }),
    })
  })
  afterAll(() => bench.stop())

  test.each(rows)('$name', async ({ files, errorType, errorMessage }) => {
    const { json } = await bench.invoke(bench.version(files))
    const { errorMessage: said, ...rest } = json as { errorMessage: string }
    expect(rest).toMatchObject({ errorType })
    // Where nothing is mounted, files have the names that they have on the host.
    expect(tier === 'process' ? said.replace(/'\/\S+\/tree\//, "'/var/task/") : said).toBe(errorMessage)
  })

  test('what everyone may read is read', async () => {
    expect((await bench.invoke(bench.version([{ path: 'app.py', bytes: handler, mode: 0o604 }]))).json).toBe('fine')
  })
})
