import { existsSync } from 'node:fs'
import { relative, resolve } from 'node:path'
import { formatBytes } from '../../base/byte-size.ts'
import { plural } from '../../base/plural.ts'
import { repairPackage } from '../../audit/repair.ts'
import { fileNotFound } from '../actions.ts'
import { defineCommand } from '../command.ts'
import { handlerOption } from '../shared-options.ts'

export const command = defineCommand({
  positionals: [{ name: 'FILE', sentence: 'Package to make right', required: true }],
  options: {
    out: { type: 'string', short: 'o', value: 'FILE', sentence: 'Write it there [FILE with `.repaired.zip`]' },
    handler: handlerOption,
  },
  examples: ['zipyard repair from-windows.zip', 'zipyard repair package.zip --handler app.main -o dist/package.zip'],
  async run(context, options, [subject]) {
    const path = resolve(context.workingDirectory, subject!)
    if (!existsSync(path)) throw fileNotFound({ path: subject! })
    const out = resolve(context.workingDirectory, options.out ?? subject!.replace(/(?:\.zip)?$/, '.repaired.zip'))
    const result = await repairPackage({ path, out, handler: options.handler })
    if (context.json) return context.terminal.out(JSON.stringify(result, undefined, 2))
    const { out: say, style } = context.terminal
    for (const { sentence, files } of result.changes) {
      const shown = files.slice(0, 3).map((file) => `\`${file}\``)
      const more = files.length > 3 ? ` and ${files.length - 3} more` : ''
      say(`${style.green('changed')}  ${sentence}: ${shown.join(', ')}${more}`)
    }
    for (const { name, because } of result.dropped) say(`${style.red('left out')} \`${name}\`: ${because}`)
    if (result.changes.length + result.dropped.length === 0) say('nothing had to be changed')
    const name = relative(context.workingDirectory, out) || out
    say(
      `${style.bold(name)}  ${formatBytes(result.archive.bytes)}, ${plural(result.archive.entries, 'file')}, ${result.archive.codeSha256}`,
    )
  },
})
