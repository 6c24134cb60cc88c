import { expect, test } from 'vitest'
import { newConfiguration } from '../../functions/configuration.ts'
import type { FunctionVersion } from '../../functions/function-version.ts'
import { jsonLines, textLines } from '../../invoker/report-line.ts'
import { fullConfiguration } from './views.ts'

test('a configuration shows the Runtime Version ARN that INIT_START says, as text and as JSON', () => {
  const region = 'eu-west-1'
  const arnOf = (runtime: string): string => {
    const version: FunctionVersion = {
      accountId: '123456789012',
      region,
      name: 'hello',
      number: 0,
      version: '$LATEST',
      revisionId: 'r',
      configuration: newConfiguration('hello', { Runtime: runtime, Role: 'role', Handler: 'app.handler' }, undefined),
      codeDigest: '0'.repeat(64),
      codeBytes: 1,
      unzippedBytes: 1,
      fingerprint: null,
      state: 'Active',
      updateStatus: 'Successful',
      failure: null,
      modifiedAt: 0,
    }
    const shown = fullConfiguration(version, 'arn') as { RuntimeVersionConfig: { RuntimeVersionArn: string } }
    return shown.RuntimeVersionConfig.RuntimeVersionArn
  }
  const arn = arnOf('python3.13')
  expect(arn).toMatch(/^arn:aws:lambda:eu-west-1::runtime:[0-9a-f]{64}$/)
  expect(textLines.initStart('python3.13', region, 'on-demand', 0)).toBe(
    `INIT_START Runtime Version: python:3.13.v1\tRuntime Version ARN: ${arn}\n`,
  )
  expect(JSON.parse(jsonLines.initStart('python3.13', region, 'on-demand', 0))).toMatchObject({
    record: { runtimeVersionArn: arn },
  })
  expect(arnOf('python3.12')).not.toBe(arn)
})
