/** The Python runner of `serverless-offline`, a peer: one line of JSON in, one out, over stdin and stdout, with neither Runtime API nor isolation. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const release = '14.8.2'
const folder = fileURLToPath(new URL(`../../.peers/serverless-offline/${release}`, import.meta.url))
const runner = join(folder, 'package/src/lambda/handler-runner/python-runner/invoke.py')

export interface ServerlessOfflineRunner {
  readonly process: ChildProcess
  /** Milliseconds to the result. */
  invoke(event: unknown): Promise<number>
}

/** Fetches the package once, into an ignored folder; undefined where npm cannot. */
export function serverlessOfflineRunner(python: string, task: string): ServerlessOfflineRunner | undefined {
  try {
    if (!existsSync(runner)) {
      mkdirSync(folder, { recursive: true })
      execFileSync('npm', ['pack', '--silent', `serverless-offline@${release}`], { cwd: folder, stdio: 'ignore' })
      execFileSync('tar', ['xzf', `serverless-offline-${release}.tgz`], { cwd: folder })
    }
  } catch {
    return undefined
  }
  const child = spawn(python, ['-u', runner, 'app', 'handler'], { cwd: task, stdio: ['pipe', 'pipe', 'inherit'] })
  let onLine: () => void = () => {}
  createInterface({ input: child.stdout! }).on('line', () => onLine())
  return {
    process: child,
    invoke(event) {
      const start = performance.now()
      return new Promise((resolve) => {
        onLine = () => resolve(performance.now() - start)
        child.stdin!.write(`${JSON.stringify({ event, context: { name: 'warm', version: '$LATEST', timeout: 60 } })}\n`)
      })
    },
  }
}
