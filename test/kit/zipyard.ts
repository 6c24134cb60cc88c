/** The real command line, as a person's shell runs it: `dist/cli/main.js` in a process of its own. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

export const repository = resolve(import.meta.dirname, '../..')
const program = join(repository, 'dist/cli/main.js')

export interface CommandResult {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs `zipyard …` to its end. Variables of the host's AWS and Zipyard configuration are left out. */
export function zipyard(
  args: readonly string[],
  options: { cwd?: string; env?: Record<string, string>; input?: string } = {},
): CommandResult {
  const result = spawnSync(process.execPath, [program, ...args], {
    cwd: options.cwd ?? repository,
    env: { ...cleanEnvironment(), ...options.env },
    encoding: 'utf8',
    input: options.input ?? '',
    maxBuffer: 1 << 28,
  })
  return withoutWarnings({ exitCode: result.status, stdout: result.stdout, stderr: result.stderr })
}

/** No command may show a person what Node thinks of our code. */
function withoutWarnings(result: CommandResult): CommandResult {
  if (/^\(node:\d+\)/m.test(result.stderr)) throw new Error(`Node warns of something: ${result.stderr}`)
  return result
}

/** Runs any program without blocking this process, which may be serving what the program asks for. */
export function runProgram(
  program: string,
  args: readonly string[],
  options: { cwd?: string; env: Record<string, string>; input?: string },
): Promise<CommandResult> {
  return new Promise((done, failed) => {
    const child = spawn(program, args, { cwd: options.cwd, env: options.env, stdio: ['pipe', 'pipe', 'pipe'] })
    let [stdout, stderr] = ['', '']
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
    child.once('error', failed)
    child.once('close', (exitCode) => {
      const result = { exitCode, stdout, stderr }
      try {
        done(program === 'zipyard' ? withoutWarnings(result) : result)
      } catch (error) {
        failed(error)
      }
    })
    child.stdin.on('error', () => undefined) // it ended without reading what it was given
    child.stdin.end(options.input ?? '')
  })
}

export interface RunningService {
  readonly url: string
  readonly dataFolder: string
  readonly process: ChildProcess
  /** What `zipyard env` sets, with PATH leading to the tools' virtual environment and to `zipyard` itself. */
  readonly environment: Record<string, string>
  /** What it said on stderr so far. */
  stderr(): string
  stop(): Promise<void>
  /** SIGKILL: nothing is put in order. */
  kill(): Promise<void>
}

/** Starts `zipyard serve --port 0` on a data folder (a new one when none is given) and waits until it listens. */
export async function startService(
  options: { args?: readonly string[]; dataFolder?: string; env?: Record<string, string> } = {},
): Promise<RunningService> {
  const ownFolder = options.dataFolder === undefined
  const dataFolder = options.dataFolder ?? join(temporaryFolder('service'), 'data')
  const child = spawn(
    process.execPath,
    [program, 'serve', '--port', '0', '--data', dataFolder, ...(options.args ?? [])],
    {
      env: { ...cleanEnvironment(), ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  let stderr = ''
  child.stderr!.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  const exited = new Promise<void>((done) => child.once('exit', () => done()))
  const url = await new Promise<string>((found, failed) => {
    let stdout = ''
    child.stdout!.on('data', (chunk: Buffer) => {
      stdout += chunk.toString()
      const line = /^Zipyard is listening on (http:\S+)/.exec(stdout)
      if (line) found(line[1]!)
    })
    child.once('exit', (code) =>
      failed(new Error(`zipyard serve ended with ${code} before it listened:\n${stdout}${stderr}`)),
    )
  })
  const set = JSON.parse(zipyard(['env', '--json', '--data', dataFolder]).stdout) as { set: Record<string, string> }
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal)
    await exited
    if (ownFolder && signal !== 'SIGKILL') rmSync(dataFolder, { recursive: true, force: true })
  }
  return {
    url,
    dataFolder,
    process: child,
    environment: { ...cleanEnvironment(), ...set.set, ZIPYARD_HOME: dataFolder, PATH: toolPath() },
    stderr: () => stderr,
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
  }
}

/** A folder that is gone when the machine's temporary folder is cleaned; tests do not share one. */
export function temporaryFolder(name: string): string {
  return mkdtempSync(join(tmpdir(), `zipyard-${name}-`))
}

/** PATH with `aws` v1, `pip` and Python of the tools' virtual environment, and a `zipyard` that is this checkout's. */
export function toolPath(): string {
  const folder = join(repository, '.cache/test-bin')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'zipyard'), `#!/bin/sh\nexec "${process.execPath}" "${program}" "$@"\n`, { mode: 0o755 })
  return `${folder}:${join(repository, '.venv/tools/bin')}:${process.env['PATH']}`
}

export function cleanEnvironment(): Record<string, string> {
  const entries = Object.entries(process.env).filter(([name]) => !/^(AWS_|ZIPYARD_|VITEST|NODE_OPTIONS$)/.test(name))
  return Object.fromEntries(entries) as Record<string, string>
}
