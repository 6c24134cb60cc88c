import { expect, test } from 'vitest'
import { askPackaging, hasPackaging } from '../../test/kit/packaging-oracle.ts'
import { compatiblePlatforms, compatibleTags } from './tag.ts'

test('the best tag is of the interpreter, its ABI and the newest glibc', () => {
  const tags = compatibleTags({ python: '3.13', glibc: [2, 34], machine: 'aarch64' })
  expect(tags[0]).toBe('cp313-cp313-manylinux_2_34_aarch64')
  expect(tags.at(-1)).toBe('py30-none-any')
  expect(tags).not.toContain('cp313-cp313t-manylinux_2_34_aarch64')
})

test('every glibc minor version is there, and the old names beside theirs', () => {
  const platforms = compatiblePlatforms({ glibc: [2, 26], machine: 'x86_64' })
  expect(platforms.slice(0, 2)).toEqual(['manylinux_2_26_x86_64', 'manylinux_2_25_x86_64'])
  expect(platforms[platforms.indexOf('manylinux_2_17_x86_64') + 1]).toBe('manylinux2014_x86_64')
  expect(platforms).toContain('manylinux1_x86_64')
  expect(compatiblePlatforms({ glibc: [2, 26], machine: 'aarch64' })).not.toContain('manylinux_2_16_aarch64')
})

test.runIf(hasPackaging)('the tags of every runtime are those of packaging, in the same order', () => {
  const targets = ['3.6', '3.7', '3.8', '3.9', '3.10', '3.11', '3.12', '3.13', '3.14'].flatMap((python) =>
    (
      [
        [2, 17],
        [2, 26],
        [2, 34],
      ] as const
    ).flatMap((glibc) => (['x86_64', 'aarch64'] as const).map((machine) => ({ python, glibc, machine }))),
  )
  const answers = askPackaging<string[]>(
    'from packaging import tags',
    `    minor = int(q["python"].split(".")[1])
    platforms = q["platforms"]
    found = list(tags.cpython_tags((3, minor), [f"cp3{minor}" + ("m" if minor < 8 else "")], platforms))
    found += list(tags.compatible_tags((3, minor), f"cp3{minor}", platforms))
    return [str(tag) for tag in found]`,
    targets.map((target) => ({ ...target, platforms: compatiblePlatforms(target) })),
  )
  for (const [index, target] of targets.entries()) expect(compatibleTags(target)).toEqual(answers[index])
})

test.runIf(hasPackaging)('the platforms of a glibc are those of packaging', () => {
  const questions = (
    [
      [2, 17],
      [2, 26],
      [2, 34],
    ] as const
  ).flatMap((glibc) => (['x86_64', 'aarch64'] as const).map((machine) => ({ glibc, machine })))
  const answers = askPackaging<string[]>(
    'import packaging._manylinux as m',
    `    m._get_glibc_version.cache_clear() if hasattr(m._get_glibc_version, "cache_clear") else None
    m._get_glibc_version = lambda: (m._GLibCVersion(*q["glibc"]) if hasattr(m, "_GLibCVersion") else tuple(q["glibc"]))
    m._have_compatible_abi = lambda *a: True
    m._is_compatible = lambda arch, version: tuple(version) <= tuple(q["glibc"])
    return list(m.platform_tags([q["machine"]])) + ["linux_" + q["machine"]]`,
    questions,
  )
  for (const [index, target] of questions.entries()) expect(compatiblePlatforms(target)).toEqual(answers[index])
})
