/** The project that the packager's benches build: some 90 MB of real wheels that stay below Lambda's limits, and a little code of its own. */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { plainEnvironment } from './plain-environment.ts'

const repository = resolve(import.meta.dirname, '../..')

/** Wheels, the resolvers' answers and peers are kept here between runs. */
export const cacheFolder = join(repository, '.cache')
export const peersFolder = join(repository, '.peers')

/** The runtime of the project: the Python of this machine, so that peers which know no other target build the same. */
export const python = execFileSync('python3', ['-c', 'import sys; print("%d.%d" % sys.version_info[:2])'], {
  encoding: 'utf8',
}).trim()

const requirements = [
  'boto3==1.44.5',
  'duckdb==1.2.2',
  'pillow==12.2.0',
  'cryptography==50.0.2',
  'sympy==1.14.0',
  'pydantic==2.14.3',
  'networkx==3.4.2',
  'pymupdf==1.26.0',
  'regex==2026.11.15',
]

/** The command line as it is installed: built JavaScript, no loader. */
const main = process.env['ZIPYARD_BENCH_MAIN'] ?? join(repository, 'dist/cli/main.js')

export interface PackageProject {
  readonly folder: string
  /** For what peers write; no part of the project. */
  readonly scratch: string
  /** The exact versions that were chosen, for peers: `name==version`. */
  readonly pins: readonly string[]
  readonly archive: string
  readonly zippedBytes: number
  readonly entries: number
  /** Builds in a process of its own and returns its wall time in milliseconds. */
  build(): number
  remove(): void
}

/** Makes the project and builds it once, so that every wheel is cached. */
export function makePackageProject(): PackageProject {
  if (!existsSync(main)) throw new Error('dist/ is missing: npm run build')
  const home = mkdtempSync(join(tmpdir(), 'zipyard-bench-'))
  const folder = join(home, 'project')
  const scratch = join(home, 'scratch')
  mkdirSync(join(folder, 'shop'), { recursive: true })
  mkdirSync(scratch)
  writeFileSync(join(folder, 'requirements.txt'), requirements.map((line) => `${line}\n`).join(''))
  writeFileSync(
    join(folder, 'app.py'),
    'import shop\n\n\ndef lambda_handler(event, context):\n    return shop.answer\n',
  )
  for (let index = 0; index < 40; index += 1)
    writeFileSync(join(folder, 'shop', `part_${index}.py`), `value = ${index}\n`.repeat(60))
  writeFileSync(join(folder, 'shop', '__init__.py'), 'answer = 1\n')
  const run = (environment: NodeJS.ProcessEnv, ...flags: readonly string[]): string => {
    const args = [main, 'build', folder, '--runtime', python, '--handler', 'app.lambda_handler', ...flags]
    const result = spawnSync(process.execPath, args, {
      env: { ...environment, ZIPYARD_CACHE_DIR: join(cacheFolder, 'zipyard') },
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    })
    if (result.status !== 0) throw new Error(result.stderr)
    return result.stdout
  }
  const [report] = (
    JSON.parse(run(process.env, '--json')) as {
      packages: { path: string; zippedBytes: number; entries: number; shares: { name?: string; version?: string }[] }[]
    }
  ).packages
  const { path, zippedBytes, entries, shares } = report!
  return {
    folder,
    scratch,
    pins: shares.flatMap(({ name, version }) => (name ? [`${name}==${version}`] : [])).sort(),
    archive: path,
    zippedBytes,
    entries,
    build: () => timed(() => run(plainEnvironment(), '--quiet')),
    remove: () => rmSync(home, { recursive: true, force: true }),
  }
}

/** Changes one own file, as an edit does. */
export function editProject(project: PackageProject, round: number): void {
  const file = join(project.folder, 'shop/part_7.py')
  writeFileSync(file, readFileSync(file, 'utf8').replace(/value = \d+/g, `value = ${round}`))
}

/** Runs a program to its end and returns its wall time in milliseconds; throws with what it said when it fails. */
export function runProgram(
  command: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): number {
  return timed(() => {
    const result = spawnSync(command, args, { ...options, encoding: 'utf8', maxBuffer: 1 << 28 })
    if (result.status !== 0)
      throw new Error(
        `${command} ${args.slice(0, 3).join(' ')}: ${result.error?.message ?? result.stderr.slice(-2000)}`,
      )
  })
}

export function timed(work: () => unknown): number {
  const start = performance.now()
  work()
  return performance.now() - start
}

/** The physical limit: the archive's bytes copied and hashed by programs of the system. Wall time in milliseconds. */
export function copyAndHash(archive: string, into: string): number {
  return (
    runProgram('cp', process.platform === 'linux' ? ['--reflink=never', archive, into] : [archive, into]) +
    runProgram('openssl', ['dgst', '-sha256', into])
  )
}
