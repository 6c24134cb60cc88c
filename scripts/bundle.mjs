/**
 * Joins what TypeScript emitted into few files: a command loads one or two instead of a hundred, which is most of what a quick
 * command takes. They are CommonJS, which starts faster than ES modules do and can be kept compiled (`src/cli/script-loader.ts`). Entries
 * stay where `package.json` names them; the rest stands in `dist/chunks`, as deep below the root as each module was before, so that paths
 * relative to a module stay right, and workers beside whoever starts them.
 */
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'

const root = fileURLToPath(new URL('../', import.meta.url))

/** What `package.json` exports. */
const libraries = ['index', 'zip', 'service']

/** Packages that are joined too. */
const joined = new Set(['fflate', 'ignore', 'picocolors', 'picomatch', 'smol-toml'])

/**
 * Modules that are loaded together, the first that fits: each with everything it imports from its start. What belongs to none is
 * split by who imports it.
 */
const groups = [
  { name: 'start', of: ['cli/run-command-line', 'cli/root-help'] },
  { name: 'errors', of: ['base/errors'] },
  { name: 'entries', of: ['audit/library-worker'] }, // a thread of a check is at work the sooner
  { name: 'digest', of: ['base/digest'] },
  { name: 'command', of: ['cli/run-command', 'settings/configuration-file'] },
  { name: 'check', of: ['cli/commands/check'] },
  { name: 'zip', of: ['public/zip'] },
  {
    name: 'build',
    of: ['cli/commands/build', 'packager/plan-builds', 'packager/build', 'packager/surroundings'].concat([
      'packager/report/report-text',
      'packager/audit-package',
      'packager/facts-of-build',
    ]),
  },
]

/** The modules and all that they import before they run; what is imported at need is not among them. */
function closure(dist, modules) {
  const found = new Set()
  const visit = (file) => {
    if (found.has(file)) return
    found.add(file)
    for (const [, path] of readFileSync(file, 'utf8').matchAll(
      /^(?:import|export)\b[^;'"(]*?['"](\.\.?\/[^'"]+\.js)['"]/gm,
    ))
      visit(resolve(dirname(file), path))
  }
  for (const module of modules) visit(join(dist, `${module}.js`))
  return found
}

/**
 * Node tells a person about every `import()` of a script that it did not load itself: for packages the loader's own takes its place where there
 * is one. And one character that is not ASCII makes the engine read a whole file as wide ones: they are escaped, which means the same
 * wherever they stand.
 */
function finish(file) {
  if (file.type !== 'chunk') return
  if (/String\.raw`[^`]*[^\0-\x7f]/.test(file.code))
    throw new Error(`${file.fileName}: a raw template means another thing in ASCII`)
  file.code = file.code.replaceAll(/\bimport\(("[^."][^"]*")\)/g, '(require.import ?? ((id) => import(id)))($1)')
  file.code = file.code.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** What one `rolldown` makes of entries, by the name of the file that each becomes: CommonJS, which needs less than half of the start of ES modules. */
async function joinModules(dist, inputs, codeSplitting) {
  const build = await rolldown({
    cwd: root,
    platform: 'node',
    input: Object.fromEntries(Object.entries(inputs).map(([name, path]) => [name, join(dist, `${path}.js`)])),
    // Packages stay packages, but for those that a build loads each time.
    external: (id) => !/^[./]/.test(id) && !id.startsWith(root) && !joined.has(id),
    tsconfig: false,
    checks: { ineffectiveDynamicImport: false }, // that is what the groups are for
  })
  const { output } = await build.write({
    dir: dist,
    format: 'cjs',
    entryFileNames: '[name].js',
    chunkFileNames: 'chunks/[name].js',
    comments: false,
    // Short names are read faster; lines stay, so that a stack says where.
    minify: { mangle: { keepNames: true }, compress: false, codegen: { removeWhitespace: false } },
    plugins: [{ name: 'finish', generateBundle: (_, files) => Object.values(files).forEach(finish) }],
    codeSplitting,
  })
  await build.close()
  return output
}

/** Joins the modules of a folder that `tsc` filled; returns the files that it wrote. */
export async function bundle(dist) {
  const inputs = { 'chunks/program': 'cli/program' }
  for (const name of libraries) inputs[`chunks/public-${name}`] = `public/${name}`
  for (const path of readdirSync(dist, { recursive: true, encoding: 'utf8' }))
    if (path.endsWith('-worker.js')) inputs[`chunks/${basename(path, '.js')}`] = path.slice(0, -3)
  const entries = new Set(Object.values(inputs).map((path) => join(dist, `${path}.js`)))
  const output = await joinModules(dist, inputs, {
    groups: groups.map(({ name, of }, index) => {
      const modules = closure(dist, of)
      return { name, test: (id) => modules.has(id) && !entries.has(id), priority: groups.length - index }
    }),
  })
  const main = await joinModules(dist, { 'cli/main': 'cli/launcher' }, false)
  if (main.length !== 1) throw new Error('`cli/main.js` shares modules with what it loads: it must stand alone')
  for (const folder of ['chunks', 'cli']) writeFileSync(join(dist, folder, 'package.json'), '{ "type": "commonjs" }\n')
  for (const name of libraries) writeLibrary(dist, name, output)
  const helpBytes = bytesLoaded([...output, ...main], ['cli/main.js', 'chunks/program.js', 'chunks/root-help.js'])
  if (helpBytes > 32 * 1024)
    throw new Error(`\`zipyard --help\` loads ${helpBytes} bytes: what it imports belongs in the group \`start\``)
  return [...output, ...main]
}

/** What `package.json` exports stays an ES module: it takes its names from the script. */
function writeLibrary(dist, name, output) {
  const { exports } = output.find(({ fileName }) => fileName === `chunks/public-${name}.js`)
  const lines = [
    "import { createRequire } from 'node:module'",
    `export const { ${exports.join(', ')} } = createRequire(import.meta.url)('../chunks/public-${name}.js')`,
  ]
  writeFileSync(join(dist, `public/${name}.js`), `${lines.join('\n')}\n`)
}

/** Of files and of everything that they import before they run. */
function bytesLoaded(output, names) {
  const chunks = new Map(output.map((chunk) => [chunk.fileName, chunk]))
  const loaded = new Set(names)
  let bytes = 0
  for (const name of loaded) {
    const { code, imports } = chunks.get(name) ?? {}
    bytes += code?.length ?? 0
    for (const one of imports ?? []) loaded.add(one)
  }
  return bytes
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await bundle(join(root, 'dist'))
