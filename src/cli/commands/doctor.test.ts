import { expect, test } from 'vitest'
import { judgeAwsCli } from './doctor.ts'

test.each([
  ['aws-cli/1.28.85 Python/3.11.2', 'problem'],
  ['aws-cli/1.29.0 Python/3.11.2', 'ok'],
  ['aws-cli/1.45.11 Python/3.11.7', 'ok'],
  ['aws-cli/2.9.19 Python/3.11.2', 'problem'],
  ['aws-cli/2.12.7 Python/3.11.4', 'problem'],
  ['aws-cli/2.13.0 Python/3.11.4', 'ok'],
  ['aws-cli/3.0.0 Python/3.14.0', 'ok'],
  ['an error of another program', 'warning'],
])(
  'an aws that calls itself `%s` is judged %s: endpoint variables are read from 1.29 and 2.13 on',
  (output, status) => {
    expect(judgeAwsCli('/usr/bin/aws', output)).toMatchObject({
      status,
      sentence: expect.stringContaining('/usr/bin/aws'),
    })
  },
)
