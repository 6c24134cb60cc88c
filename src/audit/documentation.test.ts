import { expect, test } from 'vitest'
import { auditReference } from './documentation.ts'

test('docs/reference/audit.md is printed from the rules (after a change: `npx vitest run src/audit/documentation -u`)', async () => {
  await expect(auditReference()).toMatchFileSnapshot('../../docs/reference/audit.md')
})
