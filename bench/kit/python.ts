import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findInterpreters } from '../../src/interpreters/find-interpreters.ts'
import type { Interpreter } from '../../src/interpreters/interpreter.ts'
import { hasAwslambdaric } from '../../test/kit/awslambdaric.ts'

/** The Python to measure: that of `BENCH_PYTHON` (`3.14`), else the first that AWS's client can be had for. */
export async function benchPython(): Promise<Interpreter> {
  const found = await findInterpreters({ dataFolder: mkdtempSync(join(tmpdir(), 'zipyard-pythons-')) })
  const python = found.find(
    ({ minor, isFreeThreaded }) =>
      !isFreeThreaded && hasAwslambdaric(minor) && (process.env['BENCH_PYTHON'] ?? minor) === minor,
  )
  if (!python) throw new Error('no Python with a wheel of awslambdaric is here')
  return python
}
