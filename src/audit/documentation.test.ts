import { expect, test } from 'vitest'
import { checkReference } from '../proof/reference.ts'

test('docs/reference/audit.md is printed from the rules (after a change: `npx vitest run src/audit/documentation -u`)', async () => {
  await expect(checkReference()).toMatchFileSnapshot('../../docs/reference/audit.md')
})
