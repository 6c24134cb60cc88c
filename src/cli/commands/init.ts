import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { defineError } from '../../base/errors.ts'
import { defaultRuntimeId, parsePythonRuntime } from '../../lambda/runtimes.ts'
import { defineCommand } from '../command.ts'
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
    const name = basename(folder).replaceAll(/[^\w-]/g, '-')
    const files: Readonly<Record<string, string>> = {
      'lambda_function.py': source,
      'requirements.txt': '# One requirement per line, for example: requests==2.32.5\n',
      'zipyard.toml': `name = "${name}"\nruntime = "${runtime.id}"\nhandler = "lambda_function.lambda_handler"\n`,
      'event.json': '{ "name": "Ada" }\n',
    }
    const taken = Object.keys(files).find((file) => existsSync(join(folder, file)))
    if (taken) throw alreadyThere({ file: join(directory, taken) })
    mkdirSync(folder, { recursive: true })
    for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text)
    if (context.json) {
      context.terminal.out(JSON.stringify({ folder, name, runtime: runtime.id, files: Object.keys(files) }))
      return
    }
    context.terminal.out(`Made ${Object.keys(files).join(', ')} in ${directory === '.' ? 'this folder' : directory}`)
    const into = directory === '.' ? '' : `cd ${directory} && `
    context.terminal.err(
      `\nNext:  ${into}zipyard build\n       zipyard serve            (in another terminal)\n       zipyard deploy && zipyard invoke ${name} -e event.json`,
    )
  },
})

const source = `import json


def lambda_handler(event, context):
    name = event.get("name", "world")
    print(f"greeting {name}")
    return {"statusCode": 200, "body": json.dumps({"hello": name})}
`
