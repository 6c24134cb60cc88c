import { addTo } from '../../base/groups.ts'
import { createReadStream } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineError } from '../../base/errors.ts'
import { sha256 } from '../../base/digest.ts'
import type { Cache } from '../../cache/cache.ts'
import { findInterpreters, interpreterFor } from '../../interpreters/find-interpreters.ts'
import type { Interpreter } from '../../interpreters/interpreter.ts'
import { splice } from '../../zip/splicer.ts'
import { wheelIndexOf } from '../fetch/ingest-wheel.ts'
import { contentOf } from '../layout/content.ts'
import { ownerName, type LayoutFile } from '../layout/layout.ts'
import { buildEnvironment, type Variables } from '../resolve/scrubbed-environment.ts'
import { runTool } from '../run-tool.ts'
import type { Target } from '../target.ts'
import { compileScript } from './compile-script.ts'

/** Bump when bytecode of earlier versions of Zipyard must not be used any more. */
const recipe = 1

export const compilationFailed = defineError('ZY0470', 'refused', (p: { python: string; output: string }) => ({
  message: `\`${p.python}\` could not compile the package's bytecode`,
  hint: 'Build with `--bytecode off`, or name another Python with `zipyard runtime add`',
}))

/** The Python that compiles: of the target's own version, since bytecode of another is ignored. Throws ZY0501 with the remedy when there is none. */
export async function compilerFor(target: Target, cache: Cache, variables: Variables): Promise<Interpreter> {
  const found = await findInterpreters({ dataFolder: cache.folder, environment: variables as NodeJS.ProcessEnv })
  return interpreterFor(target.runtime.id, found)
}

/**
 * Compiles every module of a layout to bytecode that Python takes without looking at the source's time (PEP 552, unchecked hash): the
 * package's times are fixed and its folder is read-only, so anything else would be compiled again at each start.
 *
 * Compiled once per distribution and kept as an archive, from which later builds splice.
 */
export async function compileBytecode(
  files: readonly LayoutFile[],
  options: {
    /** `/var/task` or `/opt`: what tracebacks say, and so part of the bytes. */
    readonly root: string
    readonly interpreter: Interpreter
    readonly target: Target
    readonly cache: Cache
    readonly variables: Variables
    readonly signal?: AbortSignal | undefined
  },
): Promise<readonly LayoutFile[]> {
  const groups = new Map<string, LayoutFile[]>()
  for (const file of files) {
    if (!file.path.endsWith('.py') || file.link || file.uncompressedBytes === 0) continue
    const owner = ownerName(file.owner)
    addTo(groups, owner, file)
  }
  const compiled: LayoutFile[] = []
  for (const group of groups.values()) compiled.push(...(await compileGroup(group, options)))
  return compiled
}

async function compileGroup(
  group: readonly LayoutFile[],
  options: Parameters<typeof compileBytecode>[1],
): Promise<LayoutFile[]> {
  const { cache, interpreter, root } = options
  const contents = await Promise.all(
    group.map(async (file) => ('file' in file.source ? sha256(await readFile(file.source.file)) : file.crc32)),
  )
  const key = sha256(
    JSON.stringify([
      'bytecode',
      recipe,
      interpreter.version,
      root,
      group.map((file, index) => [file.path, file.uncompressedBytes, contents[index]]),
    ]),
  )
  const bundle = (await readBundle(key, cache)) ?? (await makeBundle(key, group, options))
  const index = await wheelIndexOf(bundle.path, bundle.digest, 'bytecode', cache)
  return index.entries.map((entry) => ({
    path: entry.name,
    mode: 0o644,
    source: { archive: bundle.path, entry },
    owner: group[0]!.owner,
    uncompressedBytes: entry.uncompressedBytes,
    compressedBytes: entry.compressedBytes,
    crc32: entry.crc32,
  }))
}

interface Bundle {
  readonly path: string
  readonly digest: string
}

async function readBundle(key: string, cache: Cache): Promise<Bundle | undefined> {
  const digest = (await cache.readEntry('bytecode', key))?.toString('utf8')
  const path = digest && (await cache.findBlob(digest))
  return path ? { path, digest } : undefined
}

async function makeBundle(
  key: string,
  group: readonly LayoutFile[],
  options: Parameters<typeof compileBytecode>[1],
): Promise<Bundle> {
  const scratch = await mkdtemp(join(tmpdir(), 'zipyard-bytecode-'))
  try {
    const jobs = join(scratch, 'jobs.json')
    const answers = join(scratch, 'answers.bin')
    await writeFile(
      jobs,
      JSON.stringify({
        root: options.root,
        files: await Promise.all(group.map((file, index) => jobOf(file, index, scratch))),
      }),
    )
    const python = options.interpreter.executable
    const { exitCode, stderr } = await runTool(
      python,
      ['-I', '-S', '-W', 'ignore', '-c', compileScript, jobs, answers],
      {
        env: buildEnvironment(options.variables),
        signal: options.signal,
      },
    )
    if (exitCode !== 0)
      throw compilationFailed(
        { python, output: stderr },
        { cause: new Error(stderr.trim().split('\n').at(-1) ?? 'no output') },
      )
    const tag = `cpython-${options.target.runtime.python.replace('.', '')}`
    const entries = readAnswers(await readFile(answers)).flatMap((bytes, index) =>
      bytes.length === 0 ? [] : [{ path: bytecodePath(group[index]!.path, tag), mode: 0o644, source: { bytes } }],
    )
    const archive = await splice(entries, join(scratch, 'bytecode.zip'))
    const { digest, path } = await options.cache.storeBlob(createReadStream(archive.path))
    await options.cache.writeEntry('bytecode', key, digest)
    return { digest, path }
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

/** Where the source lies on disk; what is still in a wheel is unpacked for the compiler. */
async function jobOf(
  file: LayoutFile,
  index: number,
  scratch: string,
): Promise<{ readonly path: string; readonly file: string }> {
  if ('file' in file.source) return { path: file.path, file: file.source.file }
  const unpacked = join(scratch, `${index}.py`)
  await writeFile(unpacked, contentOf(file))
  return { path: file.path, file: unpacked }
}

/** Frames of a 32-bit length and as many bytes; an empty one for a file that does not compile (templates, Python 2). */
function readAnswers(answers: Buffer): Buffer[] {
  const frames: Buffer[] = []
  for (let position = 0; position < answers.length;) {
    const length = answers.readUInt32LE(position)
    frames.push(answers.subarray(position + 4, position + 4 + length))
    position += 4 + length
  }
  return frames
}

/** @example bytecodePath('pkg/mod.py', 'cpython-313') // 'pkg/__pycache__/mod.cpython-313.pyc' */
export function bytecodePath(path: string, tag: string): string {
  const slash = path.lastIndexOf('/') + 1
  return `${path.slice(0, slash)}__pycache__/${path.slice(slash, -'.py'.length)}.${tag}.pyc`
}
