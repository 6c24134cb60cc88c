import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { aws, runTool, startSideServices, type ToolResult } from '../kit/side-services.ts'
import { temporaryFolder } from '../kit/temporary-folder.ts'

test(
  '`sam package` uploads once and knows the second time; `sam logs` reads and filters',
  { timeout: 300_000 },
  async (context) => {
    const services = await startSideServices()
    const folder = temporaryFolder()
    const env = { ...services.environment, SAM_CLI_TELEMETRY: '0' }
    const sam = (...args: string[]): Promise<ToolResult> => runTool('sam', args, { env, cwd: folder })
    const version = await sam('--version').catch(() => undefined)
    // SAM CLI has requirements that clash with those of other tools; where it is not there, this says so.
    if (version?.exitCode !== 0) return context.skip('SAM CLI is not installed')
    mkdirSync(join(folder, 'src'))
    writeFileSync(join(folder, 'src/app.py'), 'def handler(event, context):\n    return 1\n')
    writeFileSync(
      join(folder, 'template.yaml'),
      `Transform: AWS::Serverless-2016-10-31
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties: { CodeUri: src/, Handler: app.handler, Runtime: python3.13 }
`,
    )
    await aws(services, 's3', 'mb', 's3://artifacts')
    const first = await sam('package', '--s3-bucket', 'artifacts')
    expect(first.stdout + first.stderr).toContain('CodeUri: s3://artifacts/')
    const second = await sam('package', '--s3-bucket', 'artifacts')
    expect(second.stdout + second.stderr).toContain('File with same data already exists')

    const target = { accountId: '123456789012', region: 'us-east-1', group: '/aws/lambda/hello', stream: 'a' }
    services.logs.append(target, [
      { timestamp: Date.now(), message: 'START RequestId: 1\n' },
      { timestamp: Date.now(), message: 'hello from the function\n' },
    ])
    const all = await sam('logs', '--cw-log-group', target.group)
    expect(all.stdout).toContain('START RequestId: 1')
    const filtered = await sam('logs', '--cw-log-group', target.group, '--filter', 'hello')
    expect(filtered.stdout).toContain('hello from the function')
    expect(filtered.stdout).not.toContain('START')
  },
)
