import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Interpreter } from './interpreter.ts'

/**
 * Whether the standard library of a Python lies there compiled, or most of it. No environment may write beside it: what is not compiled is compiled anew
 * in every one that imports it, `asyncio` in a third of a second. A library that cannot be listed counts as compiled: nothing is known of it.
 */
export function isLibraryCompiled({ standardLibrary, minor }: Pick<Interpreter, 'standardLibrary' | 'minor'>): boolean {
  const modules = namesIn(standardLibrary).filter((name) => name.endsWith('.py')).length
  const ending = `.cpython-${minor.replace('.', '')}.pyc`
  const compiled = namesIn(join(standardLibrary, '__pycache__')).filter((name) => name.endsWith(ending)).length
  return compiled >= modules / 2
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
