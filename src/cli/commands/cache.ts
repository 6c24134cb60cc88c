import { resolve } from 'node:path'
import { formatBytes, parseByteSize } from '../../base/byte-size.ts'
import { systemClock } from '../../base/clock.ts'
import { plural } from '../../base/plural.ts'
import { exportCache, importCache } from '../../cache/cache-archive.ts'
import { cacheFolder } from '../../cache/cache-folder.ts'
import { cacheInfo } from '../../cache/inventory.ts'
import { pruneCache } from '../../cache/prune.ts'
import { defineError } from '../../base/errors.ts'
import { missingOperand, unknownAction } from '../actions.ts'
import { defineCommand } from '../command.ts'
import { table } from '../table.ts'

const badSpan = defineError('ZY0018', 'usage', (p: { text: string }) => ({
  message: `\`${p.text}\` is not a span of time`,
  hint: 'Write a number with `d`, `h` or `m`: `30d`',
}))

export const command = defineCommand({
  positionals: [
    { name: 'info|prune|export|import', sentence: 'What to do; `info` when left out' },
    { name: 'FILE', sentence: 'Archive to write or to read' },
  ],
  options: {
    unused: { type: 'string', value: 'SPAN', sentence: 'prune: remove what was not used for so long, such as 30d' },
    'max-size': {
      type: 'string',
      value: 'SIZE',
      sentence: 'prune: then remove the oldest until the cache is no larger',
    },
    all: { type: 'boolean', sentence: 'prune: remove everything' },
  },
  examples: [
    'zipyard cache',
    'zipyard cache prune --unused 30d',
    'zipyard cache prune --all',
    'zipyard cache export cache.tar',
    'zipyard cache import cache.tar',
  ],
  async run(context, options, [action = 'info', file]) {
    const folder = cacheFolder(context.environment)
    const { terminal } = context
    if (action === 'info') {
      const info = await cacheInfo(folder)
      if (context.json) return terminal.out(JSON.stringify(info))
      const rows = info.kinds.map(({ kind, files, sizeBytes }) => [kind, String(files), formatBytes(sizeBytes)])
      for (const line of table(
        [['KIND', 'FILES', 'SIZE'], ...rows, ['all', String(info.files), formatBytes(info.sizeBytes)]],
        [1, 2],
      ))
        terminal.out(line)
      terminal.err(`\n${folder}`)
      return
    }
    if (action === 'prune') {
      const unusedMs = options.all ? 0 : options.unused === undefined ? undefined : parseSpan(options.unused)
      const maximumBytes = options['max-size'] === undefined ? undefined : parseByteSize(options['max-size'])
      // Without a wish: what a month did not need.
      const result = await pruneCache(folder, {
        unusedMs: unusedMs ?? (maximumBytes === undefined ? parseSpan('30d') : undefined),
        maximumBytes,
        clock: systemClock,
      })
      terminal.out(
        context.json
          ? JSON.stringify(result)
          : `Removed ${plural(result.files, 'file')}, ${formatBytes(result.sizeBytes)}`,
      )
      return
    }
    if (action !== 'export' && action !== 'import')
      throw unknownAction({ command: 'cache', action, known: ['info', 'prune', 'export', 'import'] })
    if (!file)
      throw missingOperand({
        command: `cache ${action}`,
        operand: 'a file',
        example: `zipyard cache ${action} cache.tar`,
      })
    const path = resolve(context.workingDirectory, file)
    const result = await (action === 'export' ? exportCache(folder, path) : importCache(folder, path))
    const verb = action === 'export' ? 'Exported' : 'Imported'
    terminal.out(
      context.json
        ? JSON.stringify(result)
        : `${verb} ${plural(result.files, 'file')}, ${formatBytes(result.sizeBytes)}`,
    )
  },
})

function parseSpan(text: string): number {
  const match = /^(\d+)\s*([dhm])$/.exec(text.trim())
  if (!match) throw badSpan({ text })
  return Number(match[1]) * { d: 86_400_000, h: 3_600_000, m: 60_000 }[match[2] as 'd']
}
