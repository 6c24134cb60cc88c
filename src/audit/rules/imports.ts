import { standardLibraryHistory } from '../../python/stdlib-modules.ts'
import { didYouMean } from '../did-you-mean.ts'
import { distributionOfModule } from '../distribution-of-module.ts'
import { defineFinding, type Finding } from '../finding.ts'
import { importGraph, type MissingModule } from '../import-graph.ts'
import { isGuarded } from '../../python/block-stack.ts'
import { ModuleTree, type FoundModule } from '../module-tree.ts'
import type { Rule } from '../rule.ts'
import { doubtfulModules } from '../runtime-modules.ts'

/** Distributions that continue what left the standard library. */
const removedReplacements: Readonly<Record<string, string>> = { distutils: 'setuptools', imp: 'importlib', asyncore: 'pyasyncore', asynchat: 'pyasynchat', cgi: 'legacy-cgi', crypt: 'crypt-r', lib2to3: 'fissix' } // prettier-ignore

const missing = defineFinding('ZY1401', {
  severity: 'error',
  title: 'A module that is imported at start is not in the package',
  why: "The handler's module imports it, directly or through other modules, and it is neither in the package, nor in a layer, nor in the runtime, nor in the standard library: `Runtime.ImportModuleError: Unable to import module 'app': No module named '…'` at every invocation.",
  text: (p: { module: string; from: string; line: number; meant?: string | undefined; distribution: string }) => ({
    sentence: `\`${p.module}\`, imported by \`${p.from}\` line ${p.line}, is not in the package`,
    hint: p.meant
      ? `Did you mean \`${p.meant}\`?`
      : `Add \`${p.distribution}\` to the requirements, or pack the module`,
  }),
  sample: { module: 'yaml', from: 'app.py', line: 3, distribution: 'PyYAML' },
})

const maybeMissing = defineFinding('ZY1402', {
  severity: 'warning',
  certainty: 'likely',
  title: 'A module that may be imported is not in the package',
  why: 'The import stands in a function, under a condition, or in a module that is only perhaps imported; when it runs, it fails with `ModuleNotFoundError`.',
  text: (p: {
    module: string
    from: string
    line: number
    meant?: string | undefined
    distribution: string
    removedIn?: number | undefined
  }) => ({
    sentence: `\`${p.module}\`, imported by \`${p.from}\` line ${p.line} when that code runs, is not in the package`,
    hint: p.meant
      ? `Did you mean \`${p.meant}\`?`
      : p.removedIn !== undefined
        ? `Python 3.${p.removedIn} removed it from the standard library: replace it (\`${removedReplacements[p.module] ?? `standard-${p.module}`}\`) if the function gets there`
        : `Add \`${p.distribution}\` to the requirements if the function gets there`,
  }),
  sample: { module: 'pandas', from: 'report.py', line: 41, distribution: 'pandas' },
})

const removed = defineFinding('ZY1403', {
  severity: 'error',
  title: 'A module was removed from the standard library',
  why: 'Python 3.12 removed `distutils`, `imp`, `asyncore`, `asynchat` and `smtpd` (PEP 632, PEP 594), Python 3.13 another nineteen. Code that imports them at start fails with `ModuleNotFoundError` on runtimes from that version on.',
  text: (p: {
    module: string
    from: string
    line: number
    removedIn: number
    python: string
    distribution?: string | undefined
  }) => ({
    sentence: `\`${p.module}\`, imported by \`${p.from}\` line ${p.line}, was removed from the standard library in Python 3.${p.removedIn}`,
    hint: p.distribution
      ? `Upgrade \`${p.distribution}\`, or use a runtime before \`python3.${p.removedIn}\``
      : `Replace it, add the distribution that continues it (\`${removedReplacements[p.module] ?? `standard-${p.module}`}\`), or use a runtime before \`python3.${p.removedIn}\``,
  }),
  sample: { module: 'distutils', from: 'app.py', line: 2, removedIn: 12, python: '3.13' },
})

const notYet = defineFinding('ZY1404', {
  severity: 'error',
  title: 'A module of the standard library is newer than the runtime',
  why: "The module came with a later Python than the runtime's, so importing it fails with `ModuleNotFoundError`.",
  text: (p: { module: string; from: string; line: number; addedIn: number; runtime: string }) => ({
    sentence: `\`${p.module}\`, imported by \`${p.from}\` line ${p.line}, is in the standard library from Python 3.${p.addedIn} on, the runtime is \`${p.runtime}\``,
    hint: `Use \`python3.${p.addedIn}\`, or add a backport`,
  }),
  sample: { module: 'tomllib', from: 'app.py', line: 1, addedIn: 11, runtime: 'python3.10' },
})

const missingPart = defineFinding('ZY1405', {
  severity: 'warning',
  certainty: 'likely',
  title: 'A part of a package is not in it',
  why: 'The package is there and the named submodule is not. Own modules are often left out by an ignore pattern; a few packages make such names at run time.',
  text: (p: { module: string; from: string; line: number }) => ({
    sentence: `\`${p.module}\`, imported by \`${p.from}\` line ${p.line}, is not in the package, though \`${p.module.slice(0, p.module.lastIndexOf('.'))}\` is`,
    hint: 'Look whether an ignore pattern leaves it out, or whether its name is misspelled',
  }),
  sample: { module: 'shared.models', from: 'app.py', line: 4 },
})

const undefinedName = defineFinding('ZY1408', {
  severity: 'error',
  title: 'A name that is imported from an own module is not there',
  why: "The module is there, but neither defines the name nor has a submodule of it: `Runtime.ImportModuleError: Unable to import module 'app': cannot import name '…' from '…'`. Often the submodule was left out by an ignore pattern.",
  text: (p: {
    name: string
    module: string
    holder: string
    isPackage: boolean
    from: string
    line: number
    meant?: string | undefined
  }) => ({
    sentence: `\`${p.name}\`, imported from \`${p.module}\` by \`${p.from}\` line ${p.line}, is not defined in \`${p.holder}\`${p.isPackage ? ', and no submodule of it' : ''}`,
    hint: p.meant
      ? `Did you mean \`${p.meant}\`?`
      : p.isPackage
        ? `Look whether an ignore pattern leaves out \`${p.module.replaceAll('.', '/')}/${p.name}.py\`, or define the name`
        : 'Define the name there, or correct the import',
  }),
  sample: { name: 'models', module: 'shared', holder: 'shared/__init__.py', isPackage: true, from: 'app.py', line: 4 },
})

export const imports: Rule = {
  name: 'imports',
  summary: 'Is every module that the handler imports in the package, a layer, the runtime or its standard library?',
  findings: [missing, maybeMissing, removed, notYet, missingPart, undefinedName],
  *check(facts) {
    const graph = importGraph(facts)
    let known: ReadonlySet<string> | undefined
    const names = (): ReadonlySet<string> => (known ??= new ModuleTree(facts).topLevelNames())
    const told = new Set<string>()
    // What is certain is told first, and each module once.
    const ordered = [...graph.missing].sort((a, b) => Number(b.isCertain) - Number(a.isCertain))
    for (const gap of ordered) {
      if (gap.otherBuild !== undefined) continue // the rule on native libraries says why
      const key = gap.isTopLevel ? gap.module.split('.')[0]! : gap.module
      if (told.has(key)) continue
      const finding = judge(gap, key, { graphIsSure: !graph.changesImports, names, runtime: facts.target.runtime })
      if (!finding) continue
      told.add(key)
      yield finding
    }
  },
}

function judge(
  gap: MissingModule,
  module: string,
  context: {
    readonly graphIsSure: boolean
    readonly names: () => ReadonlySet<string>
    readonly runtime: { readonly id: string; readonly python: string }
  },
): Finding | undefined {
  const { file, found } = gap
  const isOwn = file.distribution === undefined
  const isWeak = isGuarded(found.context) || found.context === 'fallback'
  const from = file.path
  const line = found.line
  const place = { file: from, line, distribution: file.distribution }
  if (gap.undefinedIn) return undefinedFinding(gap, gap.undefinedIn, context.graphIsSure && !isWeak)
  if (!gap.isTopLevel) {
    // Packages of others make modules at run time now and then; those with an underscore in front are compiled ones.
    const isTold = isOwn || (gap.isCertain && /\._[^.]*$/.test(module))
    return isTold && !isWeak ? missingPart({ module, from, line }, place) : undefined
  }
  const history = standardLibraryHistory(module)
  if (gap.isCertain && history?.removedIn !== undefined)
    return removed(
      {
        module,
        from,
        line,
        removedIn: history.removedIn,
        python: context.runtime.python,
        distribution: file.distribution,
      },
      place,
    )
  if (gap.isCertain && history?.addedIn !== undefined)
    return notYet({ module, from, line, addedIn: history.addedIn, runtime: context.runtime.id }, place)
  const details = {
    module,
    from,
    line,
    meant: isOwn ? didYouMean(module, context.names()) : undefined,
    distribution: distributionOfModule(module),
    removedIn: history?.removedIn,
  }
  if (gap.isCertain && context.graphIsSure && !doubtfulModules.has(module)) return missing(details, place)
  return isOwn && !isWeak ? maybeMissing(details, place) : undefined
}

/** Where the import surely runs, it surely fails; elsewhere it is a part that is missing. */
function undefinedFinding(gap: MissingModule, { path, tree, kind }: FoundModule, isSure: boolean): Finding | undefined {
  if (!isSure) return undefined
  const { file, found, module } = gap
  const dot = module.lastIndexOf('.')
  const [holder, name] = [module.slice(0, dot), module.slice(dot + 1)]
  const place = { file: file.path, line: found.line }
  if (!gap.isCertain) return missingPart({ module, from: file.path, line: found.line }, place)
  const isPackage = kind === 'namespace' || /(?:^|\/)__init__\.py$/.test(path)
  const candidates = new Set(tree.files.get(path)?.names?.names.keys())
  const folder = `${holder.replaceAll('.', '/')}/`
  if (isPackage)
    for (const other of tree.files.keys())
      if (other.startsWith(folder)) candidates.add(other.slice(folder.length).split(/[/.]/)[0]!)
  const details = {
    name,
    module: holder,
    holder: kind === 'namespace' ? folder : path,
    isPackage,
    from: file.path,
    line: found.line,
  }
  return undefinedName({ ...details, meant: didYouMean(name, candidates) }, place)
}
