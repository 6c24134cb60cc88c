import { malformedHandler, parseHandler, type Handler } from '../../lambda/handler.ts'
import { builtinModules } from '../../python/builtin-modules.ts'
import { didYouMean } from '../did-you-mean.ts'
import type { PackageFacts } from '../facts.ts'
import { defineFinding, type Finding } from '../finding.ts'
import { ModuleTree } from '../module-tree.ts'
import type { Rule } from '../rule.ts'

const malformed = defineFinding('ZY1101', {
  severity: 'error',
  title: 'The handler is not `module.function`',
  why: "The runtime splits the handler at its last dot and answers `Runtime.MalformedHandlerName: Bad handler '…': not enough values to unpack (expected 2, got 1)` when there is none.",
  text: (p: { handler: string }) => ({
    sentence: `the handler \`${p.handler}\` has no dot between module and function`,
    hint: 'Write `module.function`, for example `lambda_function.lambda_handler`',
  }),
  sample: { handler: 'handler' },
})

const noModule = defineFinding('ZY1102', {
  severity: 'error',
  title: 'The handler names a module that is not in the package',
  why: "Every invocation fails with `Runtime.ImportModuleError: Unable to import module 'app': No module named 'app'`.",
  text: (p: { handler: string; looked: readonly string[]; meant?: string | undefined }) => ({
    sentence: `the handler \`${p.handler}\` names a module that the package does not have: neither ${p.looked.map((path) => `\`${path}\``).join(' nor ')} is in it`,
    hint: p.meant
      ? `Did you mean \`${p.meant}\`?`
      : 'Set the handler to a module at the root of the package, or pack the module',
  }),
  sample: { handler: 'app.main', looked: ['app.py', 'app/__init__.py'], meant: 'App.main' },
})

const nestedRoot = defineFinding('ZY1103', {
  severity: 'error',
  title: 'The code lies one folder too deep',
  why: "Lambda looks for the module at the root of the zip. Packing the folder instead of what is in it puts everything under the folder's name, and the function fails with `No module named '…'`.",
  text: (p: { handler: string; found: string; folder: string; better: string }) => ({
    sentence: `the handler \`${p.handler}\` is not at the root of the package; it holds \`${p.found}\``,
    hint: `Pack what is in the folder: \`cd ${p.folder} && zip -r ../package.zip .\`, run \`zipyard repair\`, or set the handler to \`${p.better}\``,
  }),
  sample: { handler: 'app.main', found: 'my-function/app.py', folder: 'my-function', better: 'my-function/app.main' },
})

const noAttribute = defineFinding('ZY1104', {
  severity: 'error',
  title: 'The handler names a function that its module does not have',
  why: "Every invocation fails with `Runtime.HandlerNotFound: Handler 'main' missing on module 'app'`.",
  text: (p: { attribute: string; path: string; meant?: string | undefined; functions: readonly string[] }) => ({
    sentence: `\`${p.path}\` does not define \`${p.attribute}\``,
    hint: p.meant
      ? `Did you mean \`${p.meant}\`?`
      : p.functions.length > 0
        ? `It defines ${p.functions.map((name) => `\`${name}\``).join(', ')}`
        : 'Define the function at the top level of the module',
  }),
  sample: { attribute: 'main', path: 'app.py', meant: 'Main', functions: [] },
})

const builtin = defineFinding('ZY1105', {
  severity: 'error',
  title: "The handler's module has the name of a built-in module",
  why: 'Modules compiled into the interpreter win over files. The runtime refuses such handlers with `Runtime.BuiltInModuleConflict: Cannot use built-in module sys as a handler module`.',
  text: (p: { module: string }) => ({
    sentence: `the handler's module \`${p.module}\` is built into Python, which the runtime refuses`,
    hint: 'Rename the module',
  }),
  sample: { module: 'time' },
})

const asyncHandler = defineFinding('ZY1106', {
  severity: 'error',
  title: 'The handler is `async`',
  why: 'The runtime calls the handler and does not await it: the function returns a coroutine, which cannot be serialised (`Runtime.MarshalError: Unable to marshal response: Object of type coroutine is not JSON serializable`), and its body never runs.',
  text: (p: { attribute: string; path: string }) => ({
    sentence: `\`${p.attribute}\` in \`${p.path}\` is an \`async def\`, which the runtime does not await`,
    hint: `Call it from a plain function: \`def handler(event, context): return asyncio.run(${p.attribute}(event, context))\``,
  }),
  sample: { attribute: 'main', path: 'app.py' },
})

const wrongSignature = defineFinding('ZY1107', {
  severity: 'error',
  title: 'The handler does not take two positional arguments',
  why: 'The runtime calls `handler(event, context)`. Anything else fails at each invocation with a `TypeError`.',
  text: (p: { attribute: string; path: string; takes: string }) => ({
    sentence: `\`${p.attribute}\` in \`${p.path}\` takes ${p.takes}, the runtime gives it \`event\` and \`context\``,
    hint: `Write \`def ${p.attribute}(event, context):\``,
  }),
  sample: { attribute: 'main', path: 'app.py', takes: 'one positional argument' },
})

const notCallable = defineFinding('ZY1108', {
  severity: 'warning',
  certainty: 'likely',
  title: 'The handler is a class',
  why: 'Calling it makes an instance, which cannot be serialised as the answer.',
  text: (p: { attribute: string; path: string }) => ({
    sentence: `\`${p.attribute}\` in \`${p.path}\` is a class`,
    hint: 'Name a function, or a module-level instance that can be called',
  }),
  sample: { attribute: 'Handler', path: 'app.py' },
})

const initNotRun = defineFinding('ZY1109', {
  severity: 'warning',
  title: "This runtime does not run the `__init__.py` of the handler's packages",
  why: "Before Python 3.9 the runtime loaded the handler's file directly: `__init__.py` of the packages above it ran only when something imported the package, and relative imports failed when the handler was written with slashes.",
  text: (p: { files: readonly string[]; runtime: string; handler: string }) => ({
    sentence: `on \`${p.runtime}\` ${p.files.map((file) => `\`${file}\``).join(' and ')} ${p.files.length > 1 ? 'do' : 'does'} not run before the handler \`${p.handler}\``,
    hint: "Use a runtime from `python3.9` on, or import the package in the handler's module",
  }),
  sample: { files: ['app/__init__.py'], runtime: 'python3.8', handler: 'app/main.handler' },
})

const namespaceHandler = defineFinding('ZY1110', {
  severity: 'error',
  title: "This runtime needs an `__init__.py` in the handler's folders",
  why: 'Before Python 3.9 the runtime looked for each part of a dotted handler with `imp.find_module`, which takes no folder without `__init__.py`.',
  text: (p: { folder: string; runtime: string }) => ({
    sentence: `on \`${p.runtime}\` the folder \`${p.folder}\` needs an \`__init__.py\` to be part of a handler`,
    hint: 'Add an empty `__init__.py`, or write the handler with `/` between the folders',
  }),
  sample: { folder: 'src', runtime: 'python3.8' },
})

const notTold = defineFinding('ZY1111', {
  severity: 'info',
  title: 'No handler was named',
  why: 'Without it nobody can say whether the package has it, nor which imports are reached.',
  text: (p: { found?: string | undefined }) => ({
    sentence: 'the handler is not known, so it was not checked',
    hint: p.found ? `Pass \`--handler ${p.found}\`` : 'Pass `--handler module.function`',
  }),
  sample: { found: 'lambda_function.lambda_handler' },
})

export const handler: Rule = {
  name: 'handler',
  summary: 'Will the runtime find the handler and be able to call it?',
  findings: [
    malformed,
    noModule,
    nestedRoot,
    noAttribute,
    builtin,
    asyncHandler,
    wrongSignature,
    notCallable,
    initNotRun,
    namespaceHandler,
    notTold,
  ],
  *check(facts) {
    if (facts.package.files.size === 0) return
    if (facts.handler === undefined) return yield* maybeSuggest(facts)
    let parsed: Handler
    try {
      parsed = parseHandler(facts.handler)
    } catch (error) {
      if (!malformedHandler.is(error)) throw error
      return yield malformed({ handler: facts.handler })
    }
    if (builtinModules.has(parsed.module.split('.')[0]!)) return yield builtin({ module: parsed.module.split('.')[0]! })
    if (!facts.handlerModule && new ModuleTree(facts).find(parsed.module)?.kind !== 'file')
      return yield missingModule(facts, parsed)
    yield* checkFunction(facts, parsed)
    yield* checkOldRuntime(facts, parsed)
  },
}

function* maybeSuggest(facts: PackageFacts): Generator<Finding> {
  // A layer has no handler, and nobody expects one.
  const paths = [...facts.package.files.keys()]
  if (paths.every((path) => /^(?:python|lib|bin)\//.test(path))) return
  const usual = ['lambda_function.lambda_handler', 'handler.handler', 'app.lambda_handler', 'main.handler']
  yield notTold({ found: usual.find((name) => facts.package.files.has(`${name.split('.')[0]}.py`)) })
}

function missingModule(facts: PackageFacts, parsed: Handler): Finding {
  const path = parsed.module.replaceAll('.', '/')
  const paths = [...facts.package.files.keys()]
  const nested = paths
    .filter((file) => file.endsWith(`/${path}.py`) || file.endsWith(`/${path}/__init__.py`))
    .sort((a, b) => a.split('/').length - b.split('/').length)[0]
  if (nested !== undefined) {
    const folder = nested.slice(0, nested.lastIndexOf(`/${path}`))
    return nestedRoot(
      { handler: parsed.text, found: nested, folder, better: `${folder}/${parsed.text}` },
      { file: nested },
    )
  }
  const modules = paths.filter((file) => file.endsWith('.py') && !facts.package.files.get(file)!.distribution)
  const meant = didYouMean(
    path,
    modules.map((file) => file.replace(/(?:\/__init__)?\.py$/, '')),
  )
  return noModule({
    handler: parsed.text,
    looked: [`${path}.py`, `${path}/__init__.py`],
    meant: meant === undefined ? undefined : `${meant.replaceAll('/', '.')}.${parsed.attribute}`,
  })
}

function* checkFunction(facts: PackageFacts, { attribute }: Handler): Generator<Finding> {
  if (!facts.handlerModule) return
  const { path, names } = facts.handlerModule
  const bound = names.names.get(attribute)
  if (!bound) {
    if (names.isDynamic) return
    const functions = [...names.names].filter(([, { kind }]) => kind.endsWith('function')).map(([name]) => name)
    const meant = didYouMean(attribute, names.names.keys())
    return yield noAttribute({ attribute, path, meant, functions: functions.slice(0, 5) }, { file: path })
  }
  const place = { file: path, line: bound.line }
  if (bound.isDecorated) return
  if (bound.kind === 'async function') yield asyncHandler({ attribute, path }, place)
  if (bound.kind === 'class') yield notCallable({ attribute, path }, place)
  if (bound.kind === 'function' && bound.positional && (bound.positional.most < 2 || bound.positional.least > 2)) {
    const { least, most } = bound.positional
    const count = most < 2 ? most : least
    const words = ['no positional argument', 'one positional argument']
    yield wrongSignature({ attribute, path, takes: words[count] ?? `${count} positional arguments` }, place)
  }
}

/** What runtimes before 3.9 did differently (execution-environment reference, 1.5). */
function* checkOldRuntime(facts: PackageFacts, parsed: Handler): Generator<Finding> {
  const { runtime } = facts.target
  if (runtime.minor[0] > 3 || (runtime.minor[0] === 3 && runtime.minor[1] >= 9)) return
  const folders = parsed.module
    .split('.')
    .slice(0, -1)
    .map((_, index, parts) => parts.slice(0, index + 1).join('/'))
  const files = folders.map((folder) => `${folder}/__init__.py`)
  const usesSlashes = parsed.moduleText.includes('/')
  const bare = folders.find((_, index) => !facts.package.files.has(files[index]!))
  if (!usesSlashes && bare !== undefined) return yield namespaceHandler({ folder: bare, runtime: runtime.id })
  const skipped = files.filter((file) => (facts.package.files.get(file)?.bytes ?? 0) > 0)
  if (skipped.length > 0)
    yield initNotRun({ files: skipped, runtime: runtime.id, handler: parsed.text }, { file: skipped[0] })
}
