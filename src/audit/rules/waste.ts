import { addTo } from '../../base/groups.ts'
import { formatBytes } from '../../base/byte-size.ts'
import { plural } from '../../base/plural.ts'
import { defineFinding } from '../finding.ts'
import type { PackageFacts, PackageFile } from '../facts.ts'
import { isReached, isRequired, unusedDistributions } from '../reached-distributions.ts'
import type { Rule } from '../rule.ts'
import { developmentFolder, noteworthyFiles, wasteGroups, weightsOf } from '../tree-files.ts'

/** Below this a remark costs a reader more than it saves, in bytes. */
const worthMentioning = 1024 * 1024

const removable = defineFinding('ZY1910', {
  severity: 'info',
  certainty: 'likely',
  title: 'Files that a function does not need',
  why: 'Tests, type stubs, C sources and caches make the package larger and its start no different. Lambda counts them.',
  text: (p: { what: string; files: number; bytes: number; largest: string }) => ({
    sentence: `${p.what} take ${formatBytes(p.bytes)} in ${plural(p.files, 'file')}, most of them in \`${p.largest}\``,
    hint: 'Build with `--slim safe`, which leaves them out and keeps metadata and licences',
  }),
  sample: { what: 'tests', files: 1843, bytes: 38_000_000, largest: 'pandas' },
})

const unusedDistribution = defineFinding('ZY1911', {
  severity: 'info',
  certainty: 'likely',
  title: 'A distribution that the handler never reaches',
  why: 'No import that starts at the handler leads to it, not even a conditional one. Plug-ins that are found by entry points, and modules named in strings, are not seen.',
  text: (p: { distribution: string; bytes: number }) => ({
    sentence: `nothing imports \`${p.distribution}\` (${formatBytes(p.bytes)})`,
    hint: 'Remove it from the requirements if it is no plug-in (`zipyard why` tells who brings it)',
  }),
  sample: { distribution: 'matplotlib', bytes: 22_000_000 },
})

const duplicateDistribution = defineFinding('ZY1912', {
  severity: 'warning',
  title: 'A distribution is in the package twice',
  why: 'Two `.dist-info` folders of one name mean that files of two versions lie over one another, or that the package was not emptied before it was filled again.',
  text: (p: { distribution: string; versions: readonly string[] }) => ({
    sentence: `\`${p.distribution}\` is there in versions ${p.versions.join(' and ')}`,
    hint: 'Delete the folder and install into an empty one: `rm -rf package && pip install --target package -r requirements.txt`',
  }),
  sample: { distribution: 'urllib3', versions: ['1.26.20', '2.5.0'] },
})

const installer = defineFinding('ZY1913', {
  severity: 'info',
  title: 'pip or setuptools is in the package',
  why: 'A virtual environment carries its installer along; a function does not install anything.',
  text: (p: { distributions: readonly string[]; bytes: number }) => ({
    sentence: `${p.distributions.map((name) => `\`${name}\``).join(' and ')} ${p.distributions.length > 1 ? 'take' : 'takes'} ${formatBytes(p.bytes)} and ${p.distributions.length > 1 ? 'are' : 'is'} not used`,
    hint: 'Build with `zipyard build --from-venv`, which leaves them out',
  }),
  sample: { distributions: ['pip', 'setuptools'], bytes: 14_000_000 },
})

const junk = defineFinding('ZY1914', {
  severity: 'warning',
  title: 'Folders of the development machine are in the package',
  why: 'Virtual environments, version control, editors and other tools leave folders that only cost size, and may hold secrets.',
  text: (p: { path: string; bytes: number; more: number }) => ({
    sentence: `\`${p.path}\` (${formatBytes(p.bytes)}) belongs to the development machine${p.more > 0 ? `, and ${p.more} more` : ''}`,
    hint: 'Exclude it: `zip -r package.zip . -x ".git/*"`; `zipyard build` does so by itself',
  }),
  sample: { path: '.git', bytes: 4_200_000, more: 1 },
})

const installers = new Set(['pip', 'setuptools', 'wheel'])

export const waste: Rule = {
  name: 'waste',
  summary: 'What could be left out?',
  findings: [removable, unusedDistribution, duplicateDistribution, installer, junk],
  *check(facts) {
    const weights = [...weightsOf(facts.package)]
    for (const [group, { what }] of wasteGroups.entries()) {
      const found = weights.map(([name, { waste }]) => ({ name, ...waste[group]! }))
      const bytes = sum(found)
      const [largest] = found.sort((a, b) => b.bytes - a.bytes)
      if (bytes >= worthMentioning)
        yield removable({
          what,
          files: found.reduce((all, { files }) => all + files, 0),
          bytes,
          largest: largest!.name!,
        })
    }
    yield* unused(facts)
    const versions = new Map<string, string[]>()
    for (const { name, version } of facts.package.distributions) {
      const known = versions.get(name)
      if (known) known.push(version)
      else versions.set(name, [version])
    }
    for (const [distribution, all] of versions)
      if (all.length > 1)
        yield duplicateDistribution({ distribution, versions: all.sort().slice(0, 5) }, { distribution })
    const tools = facts.package.distributions.filter(
      ({ name }) => installers.has(name) && !isRequired(name, facts) && !isReached(name, facts),
    )
    if (tools.length > 0)
      yield installer({
        distributions: tools.map(({ name }) => name),
        bytes: tools.reduce((all, { bytes }) => all + bytes, 0),
      })
    const leftBehind = new Map<string, PackageFile[]>()
    for (const file of noteworthyFiles(facts.package)) {
      const folder = developmentFolder.exec(file.path)?.[0].slice(0, -1)
      if (folder !== undefined) addTo(leftBehind, folder, file)
    }
    const [first] = [...leftBehind].sort(([, a], [, b]) => sum(b) - sum(a))
    if (first) yield junk({ path: first[0], bytes: sum(first[1]), more: leftBehind.size - 1 }, { file: first[0] })
  },
}

function* unused(facts: PackageFacts) {
  for (const { name, bytes } of unusedDistributions(facts))
    if (bytes >= worthMentioning && !installers.has(name))
      yield unusedDistribution({ distribution: name, bytes }, { distribution: name })
}

function sum(files: readonly { readonly bytes: number }[]): number {
  return files.reduce((bytes, file) => bytes + file.bytes, 0)
}
