/**
 * What `npm start` and `npm test` need before they can begin: packages, the build, and for tests the real tools.
 *
 * Plain JavaScript and only Node's own modules: this runs before `npm ci` did. Every step is skipped when it was done for the same input.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** Versions of the real clients that the tests drive. */
const pythonTools = ['awscli==1.45.11', 'boto3==1.43.11', 'awslambdaric==4.0.1', 'packaging==26.3']

/** Debian packages that the tests drive, by the command that shows they are there. */
const debianPackages = {
  zip: 'zip',
  unzip: 'unzip',
  openssl: 'openssl',
  '7z': 'p7zip-full',
  bsdtar: 'libarchive-tools',
  bwrap: 'bubblewrap',
  newuidmap: 'uidmap',
  ip: 'iproute2',
  nft: 'nftables',
  pgrep: 'procps',
  git: 'git',
  curl: 'curl',
  readelf: 'binutils',
  chromium: 'chromium',
  '/usr/bin/aws': 'awscli', // v2, beside the v1 of `.venv/tools`
}

export function say(text) {
  process.stderr.write(`${text}\n`)
}

/** Runs a command and shows its output only when it fails. */
export function run(command, args, options = {}) {
  const result = spawnSync(command, args, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28, ...options })
  if (result.error || result.status !== 0) {
    say(`${command} ${args.join(' ')} failed (${result.error?.message ?? `exit ${result.status}`})`)
    say(`${result.stdout ?? ''}${result.stderr ?? ''}`)
    process.exit(1)
  }
  return result.stdout ?? ''
}

export function has(command) {
  return spawnSync('sh', ['-c', `command -v "${command}"`], { stdio: 'ignore' }).status === 0
}

/** Whether `stamp` was written for the same `input`; the caller does the work and then calls `mark`. */
function stamp(path, input) {
  const digest = createHash('sha256').update(input).digest('hex')
  return {
    fresh: existsSync(path) && readFileSync(path, 'utf8') === digest,
    mark() {
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, digest)
    },
  }
}

export function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major > 20 || (major === 20 && minor >= 19)) return
  say(`error: Zipyard needs Node 20.19 or newer, this is ${process.versions.node}`)
  process.exit(1)
}

export function installPackages() {
  const lock = readFileSync(join(root, 'package-lock.json'))
  const done = stamp(join(root, 'node_modules/.zipyard-lock'), lock)
  if (done.fresh) return
  if (existsSync(join(root, 'node_modules/typescript')) && process.env.ZIPYARD_KEEP_MODULES) return
  // npm would empty the folder that a link leads to, which is another checkout's.
  if (lstatSync(join(root, 'node_modules'), { throwIfNoEntry: false })?.isSymbolicLink()) return
  say('Installing packages (npm ci)')
  run('npm', ['ci', '--no-audit', '--no-fund', '--ignore-scripts'])
  done.mark()
}

export function buildOnce() {
  const hash = createHash('sha256')
  const configuration = ['tsconfig.build.json', 'tsconfig.json', 'scripts/bundle.mjs'].map((name) => join(root, name))
  for (const file of [...files(join(root, 'src')), ...configuration]) {
    hash.update(file.slice(root.length))
    hash.update(readFileSync(file))
  }
  const done = stamp(join(root, 'dist/.stamp'), hash.digest('hex'))
  if (done.fresh) return
  say('Building (tsc, rolldown)')
  rmSync(join(root, 'dist'), { recursive: true, force: true })
  run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json'])
  run(process.execPath, [join(root, 'scripts/bundle.mjs')])
  done.mark()
}

/** The Python that makes the tools' virtual environment: 3.9 or newer. */
export function findPython() {
  for (const name of ['python3.11', 'python3', 'python3.12', 'python3.13', 'python3.10', 'python3.9']) {
    const result = spawnSync(name, ['-c', 'import sys; sys.exit(sys.version_info < (3, 9))'], { stdio: 'ignore' })
    if (result.status === 0) return name
  }
  return undefined
}

/** Debian's packages for the tests; as root they are installed, else what is missing is named. */
export function installDebianPackages() {
  const missing = Object.entries(debianPackages).filter(([command]) => !has(command))
  const python = findPython()
  const venvMissing = python && spawnSync(python, ['-c', 'import ensurepip, venv'], { stdio: 'ignore' }).status !== 0
  const names = missing
    .map(([, name]) => name)
    .concat(python ? [] : ['python3'], venvMissing || !python ? ['python3-venv'] : [])
  if (names.length === 0) return
  if (process.getuid?.() !== 0 || !has('apt-get')) {
    say(`error: the tests need ${names.join(', ')}; install them with: apt-get install ${names.join(' ')}`)
    process.exit(1)
  }
  say(`Installing ${names.join(', ')} (apt-get)`)
  run('apt-get', ['update', '-qq'])
  run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...names], {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  })
}

/** `.venv/tools`: the aws CLI v1, boto3 and the official runtime interface client. */
export function installPythonTools() {
  const done = stamp(join(root, '.venv/tools/.stamp'), pythonTools.join(' '))
  if (done.fresh) return
  const python = findPython()
  say(`Installing ${pythonTools.join(', ')} (pip)`)
  rmSync(join(root, '.venv/tools'), { recursive: true, force: true })
  run(python, ['-m', 'venv', '.venv/tools'])
  run(join(root, '.venv/tools/bin/python'), [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--disable-pip-version-check',
    ...pythonTools,
  ])
  done.mark()
}

function files(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => (entry.isDirectory() ? files(join(folder, entry.name)) : [join(folder, entry.name)]))
}
