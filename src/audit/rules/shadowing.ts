import { isStandardLibrary } from '../../python/stdlib-modules.ts'
import { defineFinding } from '../finding.ts'
import { importGraph } from '../import-graph.ts'
import { searchRoots } from '../module-tree.ts'
import type { Rule } from '../rule.ts'
import { noteworthyFiles } from '../tree-files.ts'

/**
 * Modules that the runtime has imported before it looks at the package: a file of such a name is never imported at all, not even
 * as the handler. Source: the imports of the runtime interface client for Python, and of what these import in turn.
 */
// prettier-ignore
const importedByRuntime = new Set(['json', 'logging', 'os', 'site', 'sys', 'time', 'traceback', 'decimal', 'http', 'importlib', 'warnings', 're', 'random', 'types', 'typing', 'enum', 'functools', 'collections', 'datetime', 'socket', 'email', 'base64', 'struct', 'math', 'numbers', 'contextlib', 'threading', 'string', 'abc', 'io', 'codecs', 'copy', 'operator', 'keyword', 'linecache', 'tokenize', 'token', 'weakref', 'selectors', 'signal', 'errno', 'calendar', 'locale', 'quopri', 'urllib', 'ipaddress', 'hashlib', 'bisect', 'ssl'])

const shadowsStandardLibrary = defineFinding('ZY1701', {
  severity: 'warning',
  title: 'An own module has the name of a standard library module',
  why: "`/var/task` comes before the standard library, so everything that imports the name gets the own file: `AttributeError: module '…' has no attribute …` in places that have nothing to do with it. What the runtime imported earlier stays the standard library's, so the own file is ignored.",
  text: (p: { path: string; module: string; ignored: boolean }) => ({
    sentence: p.ignored
      ? `\`${p.path}\` has the name of the standard library's \`${p.module}\`, which the runtime has imported already: the file is never used`
      : `\`${p.path}\` takes the place of the standard library's \`${p.module}\` for every module of the package`,
    hint: 'Rename the file',
  }),
  sample: { path: 'logging.py', module: 'logging', ignored: true },
})

const shadowsDependency = defineFinding('ZY1702', {
  severity: 'warning',
  title: "An own module has the name of a packaged distribution's module",
  why: "A package folder wins over a module file of the same name, and the function's own folder over layers: one of the two is never imported.",
  text: (p: { path: string; other: string; distribution: string }) => ({
    sentence: `\`${p.path}\` and \`${p.other}\` of \`${p.distribution}\` are both the module \`${p.path.replace(/\.py$|\/.*/, '')}\`; only one can be imported`,
    hint: 'Rename the own file',
  }),
  sample: { path: 'requests.py', other: 'requests/__init__.py', distribution: 'requests' },
})

const backport = defineFinding('ZY1703', {
  severity: 'warning',
  title: 'A distribution takes the place of a standard library module',
  why: "Backports made for old Pythons (`enum34`, `typing`, `dataclasses`, `pathlib`) break newer ones: `AttributeError: module 'enum' has no attribute 'IntFlag'` at start.",
  text: (p: { path: string; module: string; distribution: string }) => ({
    sentence: `\`${p.distribution}\` puts \`${p.path}\` in front of the standard library's \`${p.module}\``,
    hint: `Remove \`${p.distribution}\` from the requirements; this Python has the module`,
  }),
  sample: { path: 'enum/__init__.py', module: 'enum', distribution: 'enum34' },
})

export const shadowing: Rule = {
  name: 'shadowing',
  summary: 'Does a module of the package hide another one?',
  findings: [shadowsStandardLibrary, shadowsDependency, backport],
  *check(facts) {
    const minor = facts.target.runtime.minor[1]
    const owners = new Map<string, { readonly path: string; readonly distribution: string }>()
    const own: { readonly module: string; readonly path: string }[] = []
    const toldBackports = new Set<string>()
    for (const { tree, prefix } of searchRoots(facts))
      for (const file of prefix === '' ? noteworthyFiles(tree) : tree.files.values()) {
        if (!file.path.startsWith(prefix)) continue
        const module = /^([^/.]+)(?:\.py|\/__init__\.py)$/.exec(file.path.slice(prefix.length))?.[1]
        if (module === undefined) continue
        if (file.distribution === undefined) own.push({ module, path: file.path })
        else {
          owners.set(module, { path: file.path, distribution: file.distribution })
          // typing_extensions and the like only add; a name of the standard library is what matters.
          if (isStandardLibrary(module, minor) && !toldBackports.has(module) && !module.startsWith('_')) {
            toldBackports.add(module)
            yield backport(
              { path: file.path, module, distribution: file.distribution },
              { file: file.path, distribution: file.distribution },
            )
          }
        }
      }
    const handler = facts.handlerModule?.path
    for (const { module, path } of own) {
      const other = owners.get(module)
      if (other && other.path !== path)
        yield shadowsDependency({ path, other: other.path, distribution: other.distribution }, { file: path })
      if (
        isStandardLibrary(module, minor) &&
        (path === handler || importedByRuntime.has(module) || isImported(module, facts))
      )
        yield shadowsStandardLibrary({ path, module, ignored: importedByRuntime.has(module) }, { file: path })
    }
  },
}

/** Whether anything that is reached asks for the name: an own `test/` that nobody imports hides nothing. */
function isImported(module: string, facts: Parameters<Rule['check']>[0]): boolean {
  return importGraph(facts).reaches(module)
}
