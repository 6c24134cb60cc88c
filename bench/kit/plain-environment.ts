/** The environment that measured programs are given. */
import { spawnSync } from 'node:child_process'
import { distribution, milliseconds } from './measure.ts'

const certificates = 'NODE_EXTRA_CA_CERTS'

/**
 * Without `NODE_EXTRA_CA_CERTS`: with it every start of Node, of whatever program, parses a file of certificates before it runs a line, and
 * the programs that are compared with are no Node. What that costs here, `certificatesNote` tells.
 */
export function plainEnvironment(): NodeJS.ProcessEnv {
  const { [certificates]: _, ...rest } = process.env
  return rest
}

/** What the variable adds to a start of Node on this machine; nothing where it is not set. */
export function certificatesNote(): readonly string[] {
  if (!process.env[certificates]) return []
  const start = (env: NodeJS.ProcessEnv): number => {
    const samples = Array.from({ length: 9 }, () => {
      const begin = performance.now()
      spawnSync(process.execPath, ['-e', '0'], { env })
      return performance.now() - begin
    })
    return distribution(samples).p50
  }
  const [withThem, without] = [start(process.env), start(plainEnvironment())]
  return [
    `${certificates}, which is set here, is taken away for what is measured: node -e 0 takes ${milliseconds(withThem)} with it and ${milliseconds(without)} without`,
  ]
}
