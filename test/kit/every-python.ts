/** Suites that name one Python (`ZIPYARD_TEST_PYTHON`, `ZIPYARD_TEST_RUNTIME`) run on others of this machine. */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ZipyardError } from '../../src/base/errors.ts'
import { findInterpreters } from '../../src/interpreters/find-interpreters.ts'
import type { Interpreter } from '../../src/interpreters/interpreter.ts'
import { requirePassage } from '../../src/sandbox/passage.ts'
import { repository } from './zipyard.ts'

/** One Python of every minor version that has a runtime, from 3.8 on, oldest first. */
export async function pythonsOfRuntimes(): Promise<readonly Interpreter[]> {
  const folder = mkdtempSync(join(tmpdir(), 'zipyard-pythons-'))
  const found = await findInterpreters({ dataFolder: folder })
  rmSync(folder, { recursive: true })
  const best = new Map<number, Interpreter>()
  for (const interpreter of found) {
    const [major, minor] = interpreter.minor.split('.').map(Number) as [number, number]
    if (major === 3 && minor >= 8 && !interpreter.isFreeThreaded && !best.has(minor)) best.set(minor, interpreter)
  }
  return [...best].sort(([a], [b]) => a - b).map(([, interpreter]) => interpreter)
}

/**
 * `vitest run …` over one Python.
 *
 * Root's version manager keeps its Pythons in root's home, which is closed to the user that functions run as, so that two of four tiers refuse them,
 * as they must. Here that home is another one, open and with nothing in it but this Python, in a mount namespace that ends with the run.
 */
export async function runOnPython(
  { executable, prefix, minor }: Interpreter,
  ...args: readonly string[]
): Promise<{ readonly status: number; readonly said: string }> {
  const vitest = [process.execPath, join(repository, 'node_modules/vitest/vitest.mjs'), 'run', ...args]
  const closed = process.getuid?.() === 0 ? closedFolderAbove(executable) : undefined
  const command = closed === undefined ? vitest : inAnOpenFolder(closed, [prefix, repository, process.execPath], vitest)
  return new Promise((resolve) => {
    const run = execFile(
      command[0]!,
      command.slice(1),
      {
        cwd: repository,
        env: {
          ...process.env,
          NO_COLOR: '1',
          ZIPYARD_TEST_PYTHON: executable,
          ZIPYARD_TEST_RUNTIME: `python${minor}`,
        },
        maxBuffer: 64 * 1024 * 1024,
      },
      (_error, stdout, stderr) => resolve({ status: run.exitCode ?? -1, said: stdout + stderr }),
    )
  })
}

function closedFolderAbove(path: string): string | undefined {
  try {
    requirePassage(path)
    return undefined
  } catch (error) {
    if (error instanceof ZipyardError && 'closedAt' in error.details) return String(error.details['closedAt'])
    throw error
  }
}

/** `command` where `folder` is open and holds nothing but those of `kept` that lie below it, at their places. */
function inAnOpenFolder(folder: string, kept: readonly string[], command: readonly string[]): readonly string[] {
  const below = kept.filter((path) => path.startsWith(`${folder}/`))
  const script = `set -e
folder=$1 count=$2
shift 2
held=$(mktemp -d)
mount -t tmpfs -o mode=755 none "$held"
for _ in $(seq "$count"); do
  place=$held\${1#"$folder"}
  if [ -d "$1" ]; then mkdir -p "$place"; else mkdir -p "\${place%/*}"; touch "$place"; fi
  mount --bind "$1" "$place"
  shift
done
mount --rbind "$held" "$folder"
umount --recursive "$held"
rmdir "$held"
cd "$PWD"
exec "$@"`
  return ['unshare', '-m', 'sh', '-c', script, 'sh', folder, String(below.length), ...below, ...command]
}
