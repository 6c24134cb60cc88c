import { defineError } from '../../base/errors.ts'
import type { EntryPoint } from '../../pypa/entry-points.ts'

export const unusableEntryPoint = defineError('ZY0421', 'refused', (p: { distribution: string; name: string }) => ({
  message: `The script \`${p.name}\` of \`${p.distribution}\` names a module and no function, so no installer can make it`,
  hint: 'Build without `--compat pip` (scripts are not needed on Lambda), or choose another version',
}))

/** A script that an installer generates. */
export interface GeneratedScript {
  readonly path: string
  readonly bytes: Buffer
}

/**
 * The scripts of `console_scripts` and `gui_scripts`, byte for byte as pip writes them. pip takes the names of its own and
 * setuptools' versioned scripts from the running interpreter; so do we, from the target's.
 */
export function entryPointScripts(
  points: readonly EntryPoint[],
  options: { readonly distribution: string; readonly interpreter: string; readonly python: string },
): readonly GeneratedScript[] {
  const console = points.filter((point) => point.group === 'console_scripts')
  const gui = points.filter((point) => point.group === 'gui_scripts')
  const named = [...versioned(console, options.python), ...gui]
  const scripts = new Map(named.map((point) => [point.name, scriptOf(point, options)]))
  return [...scripts.values()]
}

function versioned(console: readonly EntryPoint[], python: string): EntryPoint[] {
  const own = console.filter(
    ({ name }) => !/^pip(\d+(\.\d+)?)?$/.test(name) && !/^easy_install(-\d+\.\d+)?$/.test(name),
  )
  const pip = console.find(({ name }) => name === 'pip')
  const easyInstall = console.find(({ name }) => name === 'easy_install')
  const unnamed = console.filter((point) => !own.includes(point) && !pip && point.name.startsWith('pip'))
  const unnamedEasy = console.filter(
    (point) => !own.includes(point) && !easyInstall && point.name.startsWith('easy_install'),
  )
  return [
    ...(pip ? ['pip', 'pip3', `pip${python}`].map((name) => ({ ...pip, name })) : unnamed),
    ...(easyInstall
      ? ['easy_install', `easy_install-${python}`].map((name) => ({ ...easyInstall, name }))
      : unnamedEasy),
    ...own,
  ]
}

function scriptOf(
  point: EntryPoint,
  options: { readonly distribution: string; readonly interpreter: string },
): GeneratedScript {
  if (point.attribute === undefined) throw unusableEntryPoint({ distribution: options.distribution, name: point.name })
  const imported = point.attribute.split('.')[0]!
  const lines = [
    shebang(options.interpreter),
    '# -*- coding: utf-8 -*-',
    'import re',
    'import sys',
    `from ${point.module} import ${imported}`,
    "if __name__ == '__main__':",
    String.raw`    sys.argv[0] = re.sub(r'(-script\.pyw|\.exe)?$', '', sys.argv[0])`,
    `    sys.exit(${point.attribute}())`,
    '',
  ]
  return { path: `bin/${point.name}`, bytes: Buffer.from(lines.join('\n'), 'utf8') }
}

/** Kernels cut a first line at 127 bytes and know no quotes: a long path goes through `sh`, as in pip. */
function shebang(interpreter: string): string {
  if (Buffer.byteLength(interpreter) + 3 <= 127 && !interpreter.includes(' ')) return `#!${interpreter}`
  const quoted = interpreter.includes(' ') ? `"${interpreter}"` : interpreter
  return `#!/bin/sh\n'''exec' ${quoted} "$0" "$@"\n' '''`
}

/** Rewrites the first line of a wheel's own script when it is `#!python` or `#!pythonw`; anything else stays. */
export function rewriteShebang(bytes: Buffer, interpreter: string): Buffer {
  if (!bytes.subarray(0, 8).equals(Buffer.from('#!python'))) return bytes
  const end = bytes.indexOf(0x0a)
  const rest = end < 0 ? Buffer.alloc(0) : bytes.subarray(end + 1)
  return Buffer.concat([Buffer.from(`#!${interpreter}\n`), rest])
}

/** Whether setuptools generated this script for an entry point: an installer makes its own instead. */
export function isEntryPointWrapper(file: string, points: readonly EntryPoint[]): boolean {
  const base = file.slice(file.lastIndexOf('/') + 1)
  const lower = base.toLowerCase()
  const name =
    lower.endsWith('.exe') || lower.endsWith('.pya')
      ? base.slice(0, -4)
      : lower.endsWith('-script.py')
        ? base.slice(0, -10)
        : base
  return points.some(
    (point) => (point.group === 'console_scripts' || point.group === 'gui_scripts') && point.name === name,
  )
}
