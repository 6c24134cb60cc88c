/** A project that allows itself less than Lambda does: build and check keep to it. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { projectFolder } from '../kit/wheel.ts'
import { zipyard } from '../kit/zipyard.ts'

const files = {
  'zipyard.toml': 'name = "app"\nruntime = "python3.13"\nhandler = "app.main"\n',
  'app.py': 'def main(event, context): ...\n',
  'data.txt': 'x'.repeat(10_000),
}

function project(budget: string) {
  const cwd = projectFolder({ ...files, 'zipyard.toml': `${files['zipyard.toml']}${budget}` })
  return {
    cwd,
    run: (...args: string[]) => zipyard(args, { cwd, env: { ZIPYARD_CACHE_DIR: join(cwd, '../cache') } }),
    package: join(cwd, 'dist/app.zip'),
  }
}

test('a build over its budget is not written, unless with --no-check; check says the same, with exit code 3', () => {
  const { run, package: path } = project('[budget]\ntotal = "9 KB"\n')
  const refused = run('build')
  expect(refused.exitCode).toBe(1)
  expect(refused.stderr).toContain('was not written, it is over its budget: the package unzips to 9.8 KB, its budget allows 9.0 KB (ZY1010)') // prettier-ignore
  expect(existsSync(path)).toBe(false)
  expect(run('build', '--no-check').exitCode).toBe(0)
  const checked = run('check', 'dist/app.zip')
  expect(checked.exitCode).toBe(3)
  expect(checked.stdout).toContain('over its budget for python3.13 on x86_64: 1 error')
})

test('a build within its budget is written', () => {
  expect(project('[budget]\ntotal = "10 KB"\n').run('build').exitCode).toBe(0)
})

test('growth is judged from the second build on, against what check said of the first', () => {
  const { cwd, run } = project('[budget]\ngrowth = "1 KB"\nbaseline = "budget.json"\n')
  const first = run('build')
  expect([first.exitCode, first.stdout + first.stderr]).toEqual([0, expect.stringContaining('ZY1013')])
  const report = run('check', 'dist/app.zip', '--json')
  expect(report.exitCode).toBe(0)
  writeFileSync(join(cwd, 'budget.json'), report.stdout)
  expect(run('build').stdout).not.toContain('ZY1013')
  writeFileSync(join(cwd, 'data.txt'), 'x'.repeat(12_000))
  const grown = run('build')
  expect(grown.exitCode).toBe(1)
  expect(grown.stderr).toContain('What grew: own files (+2.0 KB)')
})

test('a function of the project has a budget of its own', () => {
  const { run } = project('[budget]\ntotal = "9 KB"\n[functions.api]\n[functions.api.budget]\ntotal = "1 MB"\n')
  expect(run('build').exitCode).toBe(0)
  expect(run('check', 'dist/api.zip').exitCode).toBe(0)
})

test('a budget that cannot be read names the file and what is expected', () => {
  const { cwd, run } = project('[budget]\ntotal = "huge"\n')
  const { exitCode, stderr } = run('build')
  expect(exitCode).toBe(2)
  expect(stderr).toContain(`\`budget.total in ${join(cwd, 'zipyard.toml')}\` does not take \`huge\`: expected a size such as \`50 MB\``) // prettier-ignore
  expect(readFileSync(join(cwd, 'zipyard.toml'), 'utf8')).toContain('huge')
})
