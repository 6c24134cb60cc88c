import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'

/** Pythons that may have PyPA's `packaging`, the reference implementation of the specifications. */
const pythons = [
  process.env['ZIPYARD_TEST_PACKAGING_PYTHON'],
  join(resolve(import.meta.dirname, '../..'), '.venv/tools/bin/python'),
  'python3',
].filter((python) => python !== undefined)

/** A Python with distributions installed: that of the test tools, else the one on PATH. */
export const toolsPython: string = existsSync(pythons.at(-2) ?? '') ? pythons.at(-2)! : 'python3'

const found = pythons.find(
  (python) =>
    spawnSync(python, ['-c', 'import packaging; assert int(packaging.__version__.split(".")[0]) >= 25'], {
      stdio: 'ignore',
    }).status === 0,
)

/** Whether `packaging` is at hand. Where tools are required, its absence is a failure of `askPackaging`, not a skip. */
export const hasPackaging = found !== undefined || process.env['ZIPYARD_REQUIRE_TOOLS'] !== undefined

/**
 * Gives `questions` to Python one after another and returns the answers.
 * @param body of `def answer(q):`, indented by four spaces; what it raises is answered with `null`
 */
export function askPackaging<Answer>(imports: string, body: string, questions: readonly unknown[]): (Answer | null)[] {
  if (found === undefined) throw new Error('no Python with `packaging` 25 or newer: pip install packaging')
  const program = `
import json, sys
${imports}
def answer(q):
${body}
answers = []
for q in json.load(sys.stdin):
    try:
        answers.append(answer(q))
    except Exception:
        answers.append(None)
json.dump(answers, sys.stdout)
`
  const run = spawnSync(found, ['-c', program], {
    input: JSON.stringify(questions),
    maxBuffer: 1 << 28,
    encoding: 'utf8',
  })
  if (run.status !== 0) throw new Error(run.stderr)
  return JSON.parse(run.stdout) as (Answer | null)[]
}
