"""Prints src/python/stdlib-modules.ts from the interpreters given as arguments, one per minor version.

    python3 scripts/generate-stdlib-modules.py PYTHON3.8 PYTHON3.9 ... > src/python/stdlib-modules.ts
"""
import subprocess
import sys

PROBE = r"""
import sys, os, sysconfig, pkgutil
names = set(getattr(sys, 'stdlib_module_names', ()))
if not names:
    lib = sysconfig.get_path('stdlib')
    names = set(sys.builtin_module_names)
    for folder in (lib, os.path.join(lib, 'lib-dynload')):
        names.update(m.name for m in pkgutil.iter_modules([folder]))
    names.discard('site-packages')
names = {n for n in names if not n.startswith('_test') and n not in ('test', 'idlelib', 'turtledemo', 'lib2to3_tests', 'this', 'antigravity')} | {'this', 'antigravity', 'test', 'idlelib', 'turtledemo'}
print('%d.%d.%d' % sys.version_info[:3])
print(' '.join(sorted(n for n in names if n.isidentifier())))
"""

present, sources = {}, []
for python in sys.argv[1:]:
    version, names = subprocess.run([python, '-I', '-c', PROBE], check=True, capture_output=True, text=True).stdout.split('\n')[:2]
    sources.append(version)
    for name in names.split():
        present.setdefault(name, []).append(int(version.split('.')[1]))

first, last = min(int(v.split('.')[1]) for v in sources), max(int(v.split('.')[1]) for v in sources)
groups = {}
for name, minors in sorted(present.items()):
    assert minors == list(range(minors[0], minors[-1] + 1)), (name, minors)
    groups.setdefault((minors[0], minors[-1]), []).append(name)

print(f'''/**
 * Modules of CPython's standard library by the minor versions of Python 3 that have them.
 *
 * Source: `sys.stdlib_module_names` of CPython {', '.join(sources)} (before 3.10 the files of the installed library),
 * printed by scripts/generate-stdlib-modules.py.
 */
// prettier-ignore
const table: readonly (readonly [first: number, last: number, names: string])[] = [''')
for (low, high), names in sorted(groups.items()):
    low_text = 0 if low == first else low
    high_text = 99 if high == last else high
    print(f"  [{low_text}, {high_text}, '{' '.join(names)}'],")
print(''']

const ranges = new Map(table.flatMap(([first, last, names]) => names.split(' ').map((name) => [name, { first, last }] as const)))

/** Whether this top-level module belongs to the standard library of Python `3.minor`. */
export function isStandardLibrary(module: string, minor: number): boolean {
  const range = ranges.get(module)
  return range !== undefined && minor >= range.first && minor <= range.last
}

/** The version without the module, when the standard library once had it: `{ removedIn: 12 }` for distutils. */
export function standardLibraryHistory(module: string): { readonly addedIn?: number; readonly removedIn?: number } | undefined {
  const range = ranges.get(module)
  return range && { ...(range.first > 0 ? { addedIn: range.first } : {}), ...(range.last < 99 ? { removedIn: range.last + 1 } : {}) }
}''')
