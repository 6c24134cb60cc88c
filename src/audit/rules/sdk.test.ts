import { expect, test } from 'vitest'
import { check, type Files } from '../../../test/kit/check.ts'

const part = (name: string, version: string, requires = ''): Files => ({
  [`${name}/__init__.py`]: '',
  [`${name}-${version}.dist-info/METADATA`]: `Name: ${name}\nVersion: ${version}\n${requires}`,
  [`${name}-${version}.dist-info/RECORD`]: `${name}/__init__.py,,\n`,
})
const sdk = (source: string, files: Files = {}): readonly string[] =>
  check({ 'app.py': `${source}\ndef main(event, context): ...`, ...files }, { handler: 'app.main' })
    .findings.filter((finding) => finding.code.startsWith('ZY12'))
    .map((finding) => `${finding.code} ${finding.sentence}`)

test("the runtime's SDK is remarked on, a packaged one is not", () => {
  expect(sdk('import boto3')).toEqual(['ZY1203 `boto3` comes from the runtime, in a version that moves'])
  expect(
    sdk('import boto3', {
      ...part('boto3', '1.40.0', 'Requires-Dist: botocore<1.41.0,>=1.40.0\n'),
      ...part('botocore', '1.40.5'),
    }),
  ).toEqual([])
  expect(sdk('import json')).toEqual([])
})

test('one half of the SDK is an error', () => {
  expect(sdk('import boto3', part('boto3', '1.40.0'))).toContain(
    'ZY1201 the package has `boto3` 1.40.0 and takes `botocore` from the runtime, in whatever version that is',
  )
  expect(sdk('import boto3', part('botocore', '1.40.0'))).toContain(
    'ZY1201 the package has `botocore` 1.40.0 and takes `boto3` from the runtime, in whatever version that is',
  )
  expect(sdk('import botocore', part('botocore', '1.40.0'))).toEqual([])
})

test('halves that do not fit together are an error', () => {
  expect(
    sdk('import boto3', {
      ...part('boto3', '1.40.70', 'Requires-Dist: botocore<1.41.0,>=1.40.70\n'),
      ...part('botocore', '1.34.0'),
    }),
  ).toEqual(['ZY1202 `boto3` 1.40.70 needs `botocore<1.41.0,>=1.40.70`, the package has 1.34.0'])
})

test('what is only there as a part of the SDK is a warning, unless it is optional', () => {
  expect(sdk('import dateutil.parser')).toEqual([
    "ZY1204 `dateutil`, imported by `app.py` line 1, is only there as a part of the runtime's SDK",
  ])
  expect(sdk('try:\n  import six\nexcept ImportError:\n  six = None')).toEqual([])
})

test('the requests that botocore once carried is an error', () => {
  expect(sdk('from botocore.vendored import requests')).toContain(
    'ZY1205 `app.py` line 1 imports `botocore.vendored.requests`, which no current runtime has',
  )
})

test('an SDK that is older than a packed distribution needs is a warning, a newer one is not', () => {
  const helper = part('helper', '2.0', 'Requires-Dist: boto3>=1.40.0\nRequires-Dist: boto3[crt]>=9; extra == "crt"\n')
  const packed = (version: string): readonly string[] =>
    sdk('import helper', { ...helper, ...part('boto3', version), ...part('botocore', version) })
  expect(packed('1.34.100')).toEqual(['ZY1206 `helper` requires `boto3>=1.40.0`, the package has `boto3` 1.34.100'])
  expect(packed('1.40.1')).toEqual([])
})
