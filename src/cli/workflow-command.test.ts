import { expect, test } from 'vitest'
import type { Finding } from '../audit/finding.ts'
import { workflowCommand } from './workflow-command.ts'

const finding: Finding = {
  code: 'ZY1401',
  severity: 'error',
  sentence: '`yaml` is not in the package',
  hint: 'Add `PyYAML`',
  certainty: 'certain',
  proof: 'inspection',
}

test('a finding becomes a workflow command at its file and line', () => {
  expect(workflowCommand({ ...finding, file: 'app.py', line: 3 })).toBe(
    '::error file=app.py,line=3,title=ZY1401::`yaml` is not in the package. Add `PyYAML`',
  )
  expect(workflowCommand({ ...finding, severity: 'info' })).toMatch(/^::notice title=ZY1401::/)
  expect(workflowCommand({ ...finding, severity: 'warning' })).toMatch(/^::warning title=/)
})

test('a name in the package cannot end the command or begin another one', () => {
  const file = 'a,title=x:\r\n::stop-commands::token\n50%.py'
  const command = workflowCommand({ ...finding, file, sentence: `\`${file}\` is odd` })
  expect(command.split(/\r|\n/)).toHaveLength(1)
  expect(command).toContain('file=a%2Ctitle=x%3A%0D%0A%3A%3Astop-commands%3A%3Atoken%0A50%25.py,title=ZY1401::')
})
