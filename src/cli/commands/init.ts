import { existsSync, writeFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { defineError } from '../../base/errors.ts'
import { makeFolder } from '../../base/make-folder.ts'
import { findInterpreters } from '../../interpreters/find-interpreters.ts'
import { defaultRuntimeId, parsePythonRuntime } from '../../lambda/runtimes.ts'
import { dataFolder } from '../../settings/data-folder.ts'
import { defineCommand, type Context } from '../command.ts'
import { runtimeOption } from '../shared-options.ts'

const alreadyThere = defineError('ZY0010', 'refused', (p: { file: string }) => ({
  message: `\`${p.file}\` is there already, nothing was written`,
  hint: 'Choose an empty folder: `zipyard init my-function`',
}))

export const command = defineCommand({
  positionals: [{ name: 'DIR', sentence: 'Folder of the function, made if needed' }],
  options: { runtime: { ...runtimeOption, default: defaultRuntimeId } },
  examples: ['zipyard init hello', 'zipyard init hello --runtime python3.12'],
  async run(context, options, [directory = '.']) {
    const runtime = parsePythonRuntime(options.runtime)
    const folder = resolve(context.workingDirectory, directory)
    // What a function of Lambda may be called; a folder of other letters only is a plain `function`.
    const name =
      basename(folder)
        .replaceAll(/[^\w-]+/g, '-')
        .replaceAll(/^-+|-+$/g, '')
        .slice(0, longestFunctionName) || 'function'
    const files: Readonly<Record<string, string>> = {
      'lambda_function.py': source,
      'requirements.txt': '# One requirement per line, for example: requests==2.32.5\n',
      'zipyard.toml': `name = "${name}"\nruntime = "${runtime.id}"\nhandler = "lambda_function.lambda_handler"\n`,
      'event.json': '{ "name": "Ada" }\n',
    }
    const taken = Object.keys(files).find((file) => existsSync(join(folder, file)))
    if (taken) throw alreadyThere({ file: join(directory, taken) })
    makeFolder(folder)
    for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text)
    const isRunnable = await hasPython(context, runtime.python)
    if (context.json) {
      context.terminal.out(JSON.stringify({ folder, name, runtime: runtime.id, isRunnable, files: Object.keys(files) }))
      return
    }
    context.terminal.out(`Made ${Object.keys(files).join(', ')} in ${directory === '.' ? 'this folder' : directory}`)
    const steps = [
      `${directory === '.' ? '' : `cd ${shellWord(directory)} && `}zipyard build`,
      ...(isRunnable
        ? []
        : [`zipyard runtime add ${runtime.id}   (this machine has no Python ${runtime.python} to run it)`]),
      'zipyard serve            (in another terminal)',
      `zipyard deploy && zipyard invoke ${name} -e event.json`,
    ]
    context.terminal.err(`\nNext:  ${steps.join('\n       ')}`)
  },
})

/** Source: Lambda API reference, CreateFunction, `FunctionName`. */
const longestFunctionName = 64

/** Whether the service could run the function here; building it needs no Python of that version. */
async function hasPython(context: Context, minor: string): Promise<boolean> {
  const found = await findInterpreters({
    dataFolder: dataFolder(undefined, context.environment),
    environment: { ...context.environment },
  })
  return found.some((one) => one.minor === minor && !one.isFreeThreaded)
}

function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}

const source = `import json


def lambda_handler(event, context):
    name = event.get("name", "world")
    print(f"greeting {name}")
    return {"statusCode": 200, "body": json.dumps({"hello": name})}
`
