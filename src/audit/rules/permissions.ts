import type { PackageFacts, PackageFile, TreeFacts } from '../facts.ts'
import { defineFinding } from '../finding.ts'
import { importGraph } from '../import-graph.ts'
import type { Rule } from '../rule.ts'
import { noteworthyFiles } from '../tree-files.ts'
import { handlerCandidates } from '../handler-file.ts'
import { malformedHandler, parseHandler } from '../../lambda/handler.ts'

/** The user that functions run as is neither the files' owner nor in their group: only the bits of *others* count. */
const othersRead = 0o004
const othersSearch = 0o001

/** Findings of one kind that are told one by one. */
const mostTold = 20

const mode = (bits: number): string => bits.toString(8).padStart(4, '0')

const unreadable = defineFinding('ZY1501', {
  severity: 'error',
  title: 'A Python file cannot be read by the function',
  why: 'Lambda unpacks the package with its own permission bits and runs the function as another user. Importing the file raises `PermissionError: [Errno 13] Permission denied`. Files made under `umask 077` and by some Windows and Python tools have such bits.',
  text: (p: { path: string; bits: number; more: number }) => ({
    sentence: `\`${p.path}\` has mode \`${mode(p.bits)}\`, so the function cannot read it${p.more > 0 ? ` (and ${p.more} more)` : ''}: \`PermissionError: [Errno 13] Permission denied: '/var/task/${p.path}'\``,
    hint: 'Give everyone read permission before packing: `chmod -R a+rX .`, or run `zipyard repair`',
  }),
  sample: { path: 'lambda_function.py', bits: 0o600, more: 0 },
})

const unreadableData = defineFinding('ZY1502', {
  severity: 'warning',
  title: 'A file cannot be read by the function',
  why: 'As with Python files, only the permission bits of others count; opening the file raises `PermissionError`. It is data, or a module that no import leads to; whether the function opens it cannot be seen from outside.',
  text: (p: { path: string; bits: number; more: number }) => ({
    sentence: `\`${p.path}\` has mode \`${mode(p.bits)}\`, so the function cannot read it${p.more > 0 ? ` (and ${p.more} more)` : ''}`,
    hint: 'Give everyone read permission before packing: `chmod -R a+rX .`, or run `zipyard repair`',
  }),
  sample: { path: 'model/weights.bin', bits: 0o640, more: 2 },
})

const closedFolder = defineFinding('ZY1503', {
  severity: 'error',
  title: 'A folder cannot be entered by the function',
  why: 'A package folder without any bits for others imports as an *empty namespace package*, so the failure shows later as `ImportError: cannot import name …` or `AttributeError`. With search but no read permission its submodules are not found: `No module named …`.',
  text: (p: { path: string; bits: number; error: string }) => ({
    sentence: `the folder \`${p.path}\` has mode \`${mode(p.bits)}\`: ${p.error}`,
    hint: 'Give everyone read and search permission before packing: `chmod -R a+rX .`, or run `zipyard repair`',
  }),
  sample: {
    path: 'pkg',
    bits: 0o700,
    error: 'importing it gives an empty package, then `ImportError: cannot import name …`',
  },
})

const closedDataFolder = defineFinding('ZY1505', {
  severity: 'warning',
  title: 'A folder of data cannot be entered by the function',
  why: 'Opening a file in it raises `PermissionError`. Whether the function opens one cannot be seen from outside.',
  text: (p: { path: string; bits: number }) => ({
    sentence: `the folder \`${p.path}\` has mode \`${mode(p.bits)}\`, so the function cannot open what is in it`,
    hint: 'Give everyone read and search permission before packing: `chmod -R a+rX .`, or run `zipyard repair`',
  }),
  sample: { path: 'templates', bits: 0o750 },
})

const notExecutable = defineFinding('ZY1504', {
  severity: 'warning',
  certainty: 'likely',
  title: 'A program cannot be executed',
  why: 'Running a program without its execute bit raises `PermissionError`. Windows tools cannot store the bit.',
  text: (p: { path: string; bits: number }) => ({
    sentence: `the program \`${p.path}\` has mode \`${mode(p.bits)}\` and cannot be executed`,
    hint: 'Set its bit before packing: `chmod 755 FILE`; in a build name it under `executable`',
  }),
  sample: { path: 'bin/ffmpeg', bits: 0o644 },
})

export const permissions: Rule = {
  name: 'permissions',
  summary: 'What can a function read that is neither the owner of its files nor in their group?',
  findings: [unreadable, unreadableData, closedFolder, closedDataFolder, notExecutable],
  *check(facts) {
    for (const tree of [facts.package, ...facts.layers]) {
      const closed = [...tree.folders]
        .filter(([, bits]) => (bits & 0o005) !== 0o005)
        .sort(([a], [b]) => a.length - b.length)
      const closedPaths = new Set(closed.map(([path]) => path))
      const inClosed = (path: string): boolean => foldersAbove(path).some((folder) => closedPaths.has(folder))
      const holders = closed.length > 0 ? foldersWithPython(tree) : new Set()
      // Someone who meets a hundred of them has one problem, not a hundred.
      for (const [path, bits] of closed.filter(([folder]) => !inClosed(folder)).slice(0, mostTold)) {
        if (holders.has(path)) yield closedFolder({ path, bits, error: consequenceOf(path, bits) }, { file: path })
        else yield closedDataFolder({ path, bits }, { file: path })
      }

      const files = [...noteworthyFiles(tree)].filter(
        (file) => file.kind === 'file' && (file.permissions & othersRead) === 0 && !inClosed(file.path),
      )
      const isNeeded = (file: PackageFile): boolean => isImported(file) && mayBeReached(file, facts)
      const python = files.filter(isNeeded).sort((a, b) => Number(isHandler(b, facts)) - Number(isHandler(a, facts)))
      const data = files.filter((file) => !isNeeded(file))
      for (const [found, define] of [
        [python, unreadable],
        [data, unreadableData],
      ] as const) {
        const [first] = found
        if (first)
          yield define(
            { path: first.path, bits: first.permissions, more: found.length - 1 },
            { file: first.path, distribution: first.distribution },
          )
      }
      for (const file of noteworthyFiles(tree))
        if (isProgram(file) && (file.permissions & 0o001) === 0)
          yield notExecutable(
            { path: file.path, bits: file.permissions },
            { file: file.path, distribution: file.distribution },
          )
    }
  },
}

function isImported(file: PackageFile): boolean {
  return /\.(?:py|pyc|so)$|\.so\.[\d.]+$/.test(file.path)
}

function isHandler(file: PackageFile, facts: PackageFacts): boolean {
  if (facts.handler === undefined) return false
  try {
    return handlerCandidates(parseHandler(facts.handler)).includes(file.path)
  } catch (error) {
    if (malformedHandler.is(error)) return false
    throw error
  }
}

/** An ELF file that names its loader is a program, wherever it lies. */
function isProgram(file: PackageFile): boolean {
  if (file.interest !== 'binary' && file.interest !== 'own text') return false
  return file.content?.kind === 'elf' && file.content.elf.interpreter !== undefined && !/\.so(?:\.|$)/.test(file.path)
}

function foldersAbove(path: string): string[] {
  const folders: string[] = []
  for (let slash = path.lastIndexOf('/'); slash > 0; slash = path.lastIndexOf('/', slash - 1))
    folders.push(path.slice(0, slash))
  return folders
}

function foldersWithPython(tree: TreeFacts): ReadonlySet<string> {
  const folders = new Set<string>()
  for (const path of tree.files.keys()) {
    if (!path.endsWith('.py')) continue
    for (let slash = path.lastIndexOf('/'); slash > 0; slash = path.lastIndexOf('/', slash - 1)) {
      const folder = path.slice(0, slash)
      if (folders.has(folder)) break
      folders.add(folder)
    }
  }
  return folders
}

/** Where the handler is known, a file that no import leads to does no harm by being closed. */
function mayBeReached(file: PackageFile, facts: PackageFacts): boolean {
  const graph = importGraph(facts)
  if (!graph.startsAtHandler || graph.changesImports || !file.path.endsWith('.py')) return true
  return (
    isHandler(file, facts) ||
    graph.reached.has(file.path) ||
    [...facts.layers].some((layer) => graph.reached.has(`${layer.name}:${file.path}`))
  )
}

function consequenceOf(folder: string, bits: number): string {
  const module = folder.replaceAll('/', '.')
  return (bits & othersSearch) !== 0
    ? `its modules are not found: \`No module named '${module}.…'\``
    : `\`import ${module}\` gives an empty package, then \`ImportError: cannot import name …\``
}
