import { resolve } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { formatBytes } from '../../base/byte-size.ts'
import { defineError } from '../../base/errors.ts'
import { build } from '../../packager/build.ts'
import { planBuilds, type BuildRequest } from '../../packager/plan-builds.ts'
import { formatReport } from '../../packager/report/report-text.ts'
import { createBuildSurroundings } from '../../packager/surroundings.ts'
import { functionBudget, projectBudget } from '../../settings/budget.ts'
import { findConfiguration } from '../../settings/configuration-file.ts'
import { parseOptionValue, type OptionSpec, type OptionValues } from '../../settings/option.ts'
import { resolveOptions } from '../../settings/resolve-options.ts'
import { defineCommand, type Context } from '../command.ts'
import { handlerOption, runtimeOption } from '../shared-options.ts'

const unknownFunctionKey = defineError('ZY0448', 'usage', (p: { file: string; name: string; key: string }) => ({
  message: `\`${p.file}\` sets \`${p.key}\` for the function \`${p.name}\`, which is no setting of a function`,
  hint: 'See `zipyard build --help`; settings are written as the flags are, without the dashes in front',
}))

export const command = defineCommand({
  positionals: [{ name: 'DIR', sentence: 'Folder of the project [this folder]' }],
  options: {
    out: {
      type: 'string',
      short: 'o',
      value: 'FILE',
      inFile: true,
      sentence: 'Where the package goes [dist/NAME.zip]',
    },
    name: {
      type: 'string',
      value: 'NAME',
      inFile: true,
      sentence: 'Name of the package [the project, else its folder]',
    },
    runtime: runtimeOption,
    arch: {
      type: 'strings',
      value: 'ARCH',
      inFile: true,
      sentence: 'x86_64, arm64, or both as x86_64,arm64 [x86_64]',
    },
    requirements: {
      type: 'strings',
      short: 'r',
      value: 'FILE',
      sentence: 'Requirements file, pyproject.toml or lock; may be repeated',
    },
    extra: {
      type: 'strings',
      value: 'NAME',
      inFile: true,
      sentence: 'Optional dependencies of the project to include',
    },
    group: { type: 'strings', value: 'NAME', inFile: true, sentence: 'Dependency group to include' },
    'from-venv': { type: 'string', value: 'DIR', sentence: 'Take the dependencies from a virtual environment' },
    'from-package': {
      type: 'string',
      value: 'DIR',
      sentence: 'Take them from a folder that `pip install --target` filled',
    },
    script: { type: 'string', value: 'FILE', sentence: 'Take them from the metadata inside a script (PEP 723)' },
    handler: handlerOption,
    source: {
      type: 'string',
      value: 'DIR',
      inFile: true,
      sentence: 'Folder of the project that becomes the package root',
    },
    include: { type: 'strings', value: 'GLOB', inFile: true, sentence: 'Pack these although they are ignored' },
    exclude: { type: 'strings', value: 'GLOB', inFile: true, sentence: 'Leave these out' },
    executable: { type: 'strings', value: 'GLOB', inFile: true, sentence: 'Own files that get mode 0755' },
    symlinks: {
      type: 'string',
      choices: ['follow', 'preserve', 'error'],
      inFile: true,
      sentence: 'What becomes of symbolic links [follow]',
    },
    bytecode: {
      type: 'string',
      choices: ['off', 'on'],
      inFile: true,
      sentence: 'Pack bytecode for faster starts [off]',
    },
    slim: {
      type: 'string',
      choices: ['none', 'safe'],
      inFile: true,
      sentence: 'Leave out tests, type stubs, sources and manuals of dependencies [none]',
    },
    sdk: {
      type: 'string',
      choices: ['bundled', 'runtime'],
      inFile: true,
      sentence: "Pack the AWS SDK, or leave it to the runtime's copy [bundled]",
    },
    compat: { type: 'string', choices: ['pip'], sentence: 'Write exactly what `pip install --target` would' },
    'on-conflict': {
      type: 'string',
      choices: ['error', 'first', 'last'],
      inFile: true,
      sentence: 'When two distributions bring different files for one place [error]',
    },
    function: { type: 'strings', value: 'NAME', sentence: 'Build only this function of the project' },
    layer: { type: 'boolean', sentence: 'Build a layer of the dependencies' },
    split: { type: 'boolean', inFile: true, sentence: 'Build a layer of the dependencies, and a package of the code' },
    'layer-root': {
      type: 'string',
      choices: ['python', 'site-packages'],
      inFile: true,
      sentence: 'Folder of the layer: python, or the one of the Python version alone [python]',
    },
    resolver: {
      type: 'string',
      choices: ['uv', 'pip'],
      inFile: true,
      sentence: 'Resolve with this tool [uv, else pip]',
    },
    upgrade: { type: 'boolean', short: 'U', sentence: 'Resolve anew instead of keeping locked versions' },
    locked: { type: 'boolean', sentence: 'Fail when the lock is missing or stale' },
    offline: { type: 'boolean', sentence: 'Never use the network' },
    'no-check': { type: 'boolean', sentence: 'Write the package whatever the audit says' },
  },
  examples: [
    'zipyard build',
    'zipyard build --runtime python3.12 --arch x86_64,arm64',
    'zipyard build -r requirements.txt -o function.zip',
    'zipyard build --from-venv .venv',
  ],
  async run(context, options, [folder]) {
    const plans = planBuilds(requestOf(context, options, folder))
    const surroundings = await createBuildSurroundings({
      environment: context.environment,
      offline: options.offline,
      signal: context.signal,
      ...progressOn(context),
    })
    try {
      const reports = []
      for (const plan of plans) {
        const report = await build(plan, { ...surroundings, isLast: plan === plans.at(-1) })
        context.terminal.status('')
        reports.push(report)
        if (context.json) continue
        if (context.quiet) context.terminal.out(report.path)
        else
          for (const line of formatReport(report, context.workingDirectory, context.terminal.style))
            context.terminal.out(line)
      }
      if (context.json) context.terminal.out(JSON.stringify({ packages: reports }, undefined, 2))
    } finally {
      await surroundings.close()
    }
  },
})

/** What the options of `zipyard build` ask the packager for. */
export function requestOf(
  context: Pick<Context, 'workingDirectory'>,
  options: BuildOptions,
  folder: string | undefined,
): BuildRequest {
  return {
    workingDirectory: context.workingDirectory,
    folder,
    ...plainRequest(options),
    only: options.function,
    functions: functionsOf(context, options, folder),
    budget: projectBudget(findConfiguration(resolve(context.workingDirectory, folder ?? '.'))),
  }
}

type BuildOptions = OptionValues<(typeof command)['options']>

function plainRequest(options: BuildOptions) {
  return {
    out: options.out,
    name: options.name,
    runtime: options.runtime,
    architectures: options.arch,
    requirements: options.requirements,
    extras: options.extra,
    groups: options.group,
    fromVenv: options['from-venv'],
    fromPackage: options['from-package'],
    script: options.script,
    handler: options.handler,
    source: options.source,
    include: options.include,
    exclude: options.exclude,
    executable: options.executable,
    symlinks: options.symlinks,
    bytecode: options.bytecode,
    slim: options.slim,
    sdk: options.sdk,
    compat: options.compat,
    onConflict: options['on-conflict'],
    layer: options.layer,
    split: options.split,
    layerRoot: options['layer-root'],
    resolver: options.resolver,
    upgrade: options.upgrade,
    locked: options.locked,
    offline: options.offline,
    noCheck: options['no-check'],
  }
}

/** Options that a function of the project may set for itself, beside those that any configuration file may. */
const ofFunctions = new Set(['requirements', 'from-venv', 'from-package', 'script'])

/** `[tool.zipyard.functions.NAME]`: what differs for a function. What a flag or variable says is stronger. */
function functionsOf(
  context: Pick<Context, 'workingDirectory'>,
  options: BuildOptions,
  folder: string | undefined,
): Readonly<Record<string, Partial<BuildRequest>>> {
  const project = resolve(context.workingDirectory, folder ?? '.')
  const file = findConfiguration(project)
  const functions = file?.values['functions']
  if (!file || functions === null || typeof functions !== 'object') return {}
  const unset = resolveOptions(command.options, {}, {}, file)
  return Object.fromEntries(
    Object.entries(functions).map(([name, table]) => {
      const values = table as Readonly<Record<string, unknown>>
      const own: Record<string, unknown> = {}
      for (const [key, raw] of Object.entries(values)) {
        if (key === 'budget') continue
        const spec: OptionSpec | undefined = command.options[key as keyof typeof command.options]
        if (!spec || !(spec.inFile || ofFunctions.has(key))) throw unknownFunctionKey({ file: file.path, name, key })
        const current = options[key as keyof BuildOptions]
        if (!isDeepStrictEqual(current, unset[key as keyof BuildOptions])) continue
        own[key] = parseOptionValue(`functions.${name}.${key} in ${file.path}`, spec, raw)
      }
      const merged = { ...options, ...own } as BuildOptions
      return [
        name,
        {
          ...plainRequest(merged),
          requirements: merged.requirements.map((path) => resolve(project, path)),
          ...('budget' in values ? { budget: functionBudget(file, name) } : {}),
        },
      ]
    }),
  )
}

/** One line that is replaced as things move: the stage, or the download that moved last. */
function progressOn(context: Context) {
  const received = new Map<string, { readonly bytes: number; readonly total: number | undefined }>()
  let lastShown = 0
  return {
    onStage: (stage: string): void => {
      if (stage === 'resolve' || stage === 'fetch') context.terminal.status(`${stage} …`)
    },
    onProgress: (filename: string, bytes: number, total: number | undefined): void => {
      received.set(filename, { bytes, total })
      const now = performance.now()
      if (now - lastShown < 80 && bytes !== total) return
      lastShown = now
      const all = [...received.values()]
      const done = all.reduce((sum, one) => sum + one.bytes, 0)
      const expected = all.reduce((sum, one) => sum + (one.total ?? one.bytes), 0)
      context.terminal.status(`fetching ${formatBytes(done)} of ${formatBytes(expected)}  ${filename}`)
    },
  }
}
