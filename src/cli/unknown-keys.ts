import type { ConfigurationFile } from '../settings/configuration-file.ts'
import { editDistance } from './parse-arguments.ts'

/**
 * Every key of `[tool.zipyard]`: the options that a file may set, and the two tables.
 *
 * A list of its own, because asking the commands would load all of them; `unknown-keys.test.ts` compares it with theirs.
 */
export const configurationKeys: readonly string[] = [
  'alias', 'arch', 'budget', 'bytecode', 'description', 'env-file', 'exclude', 'executable', 'extra', 'functions', 'group', 'handler',
  'include', 'layer-root', 'memory', 'name', 'on-conflict', 'out', 'resolver', 'role', 'runtime', 's3-bucket', 'sdk', 'slim', 'source',
  'split', 'symlinks', 'timeout',
] // prettier-ignore

/** A sentence for each key of the file that nothing reads: mostly a slip of the finger, which would be ignored silently. */
export function unknownKeys(file: ConfigurationFile): readonly string[] {
  return Object.keys(file.values)
    .filter((key) => !configurationKeys.includes(key))
    .map((key) => {
      const [nearest] = configurationKeys
        .map((name) => ({ name, distance: editDistance(name, key) }))
        .sort((a, b) => a.distance - b.distance)
      const advice = nearest && nearest.distance <= 2 ? `did you mean \`${nearest.name}\`?` : 'it is ignored'
      return `\`${file.path}\` sets \`${key}\`, which is no setting of Zipyard; ${advice}`
    })
}
