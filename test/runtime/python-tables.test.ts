/** What is written down about Python's versions, beside the Pythons of this machine: a wrong line is seen, and a version that came since. */
import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { builtinModules } from '../../src/python/builtin-modules.ts'
import { magicNumbers } from '../../src/python/bytecode.ts'
import { isStandardLibrary } from '../../src/python/stdlib-modules.ts'
import { pythonsOfRuntimes } from '../kit/every-python.ts'

interface Said {
  readonly magic: number
  readonly builtin: readonly string[]
  /** Told since Python 3.10. */
  readonly library: readonly string[] | null
}

const program = `
import importlib.util, json, sys
print(json.dumps({
    "magic": int.from_bytes(importlib.util.MAGIC_NUMBER[:2], "little"),
    "builtin": sys.builtin_module_names,
    "library": sorted(sys.stdlib_module_names) if sys.version_info >= (3, 10) else None,
}))`

const pythons = (await pythonsOfRuntimes()).map(({ executable, minor, version }) => {
  const said = JSON.parse(execFileSync(executable, ['-I', '-S', '-c', program], { encoding: 'utf8' })) as Said
  return { minor, version, said }
})
const everTold = [...new Set(pythons.flatMap(({ said }) => said.library ?? []))]

test.each(pythons)(
  'the tables of modules and of bytecode say what Python $version says',
  ({ minor, said: { magic, builtin, library } }) => {
    const inTable = (name: string): boolean => isStandardLibrary(name, Number(minor.split('.')[1]))
    expect(magicNumbers[minor]).toBe(magic)
    expect([...builtinModules].filter((name) => inTable(name) && !builtin.includes(name))).toEqual([])
    if (library === null) return
    const wrong = everTold.filter((name) => !name.startsWith('_test') && inTable(name) !== library.includes(name))
    expect(wrong).toEqual([])
  },
)
