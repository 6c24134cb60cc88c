import type { PythonTarget } from './target-environment.ts'

/** A compatibility tag as text, `cp313-cp313-manylinux_2_34_aarch64`. */
export type Tag = string

/** The oldest glibc minor version that manylinux knows on a machine (PEP 600, PEP 599), and the names that came before PEP 600. */
const manylinux = {
  x86_64: { oldestMinor: 5, aliases: { 17: 'manylinux2014', 12: 'manylinux2010', 5: 'manylinux1' } },
  aarch64: { oldestMinor: 17, aliases: { 17: 'manylinux2014' } },
} as const satisfies Record<string, { oldestMinor: number; aliases: Readonly<Record<number, string>> }>

/**
 * The platforms that a machine with this glibc accepts, best first. Computed for every minor version: a list of the usual ones would
 * miss wheels such as `manylinux_2_31`.
 */
export function compatiblePlatforms(target: Pick<PythonTarget, 'glibc' | 'machine'>): readonly string[] {
  const { machine } = target
  const { oldestMinor, aliases } = manylinux[machine]
  const platforms: string[] = []
  for (let minor = target.glibc[1]; minor >= oldestMinor; minor -= 1) {
    platforms.push(`manylinux_2_${minor}_${machine}`)
    const alias = (aliases as Readonly<Record<number, string>>)[minor]
    if (alias !== undefined) platforms.push(`${alias}_${machine}`)
  }
  platforms.push(`linux_${machine}`)
  return platforms
}

/**
 * The tags that CPython accepts on a glibc machine, best first.
 *
 * @example compatibleTags({ python: '3.13', glibc: [2, 34], machine: 'aarch64' })[0] // cp313-cp313-manylinux_2_34_aarch64
 * @see the "Platform compatibility tags" specification of the Python Packaging User Guide
 */
export function compatibleTags(target: PythonTarget): readonly Tag[] {
  const minor = Number(target.python.split('.')[1])
  const platforms = compatiblePlatforms(target)
  const interpreter = `cp3${minor}`
  // CPython before 3.8 says in its ABI that it was built with pymalloc.
  const abi = minor < 8 ? `${interpreter}m` : interpreter
  const tags: string[] = []
  const add = (python: string, abiTag: string, on: readonly string[]): void => {
    for (const platform of on) tags.push(`${python}-${abiTag}-${platform}`)
  }
  add(interpreter, abi, platforms)
  add(interpreter, 'abi3', platforms)
  add(interpreter, 'none', platforms)
  for (let older = minor - 1; older >= 2; older -= 1) add(`cp3${older}`, 'abi3', platforms)
  const generic = [`py3${minor}`, 'py3', ...Array.from({ length: minor }, (_, back) => `py3${minor - 1 - back}`)]
  for (const python of generic) add(python, 'none', platforms)
  tags.push(`${interpreter}-none-any`)
  for (const python of generic) tags.push(`${python}-none-any`)
  return tags
}
