import { normalizeName } from '../../pypa/name.ts'
import { matches, parseSpecifierSet } from '../../pypa/specifier.ts'
import { parseVersion } from '../../pypa/version.ts'
import { pythonRuntimes, runtimePhase, runtimesSource } from '../../lambda/runtimes.ts'
import { defineFinding } from '../finding.ts'
import type { Rule } from '../rule.ts'

const blocked = defineFinding('ZY1901', {
  severity: 'warning',
  certainty: 'likely',
  title: 'AWS no longer accepts this runtime',
  why: `After the dates of its runtime support policy AWS refuses to create, and later to update, functions of a runtime: \`The runtime parameter of … is no longer supported for creating or updating AWS Lambda functions.\` The dates have been moved before; these are of ${runtimesSource.asOf}.`,
  text: (p: { runtime: string; what: string; since: string; newest: string }) => ({
    sentence: `AWS refuses to ${p.what} functions of \`${p.runtime}\` since ${p.since}`,
    hint: `Move to \`${p.newest}\``,
  }),
  sample: { runtime: 'python3.7', what: 'create', since: '2024-01-09', newest: 'python3.14' },
})

const deprecated = defineFinding('ZY1902', {
  severity: 'info',
  certainty: 'likely',
  title: 'This runtime is deprecated',
  why: `A deprecated runtime gets no security patches. The dates are of ${runtimesSource.asOf}.`,
  text: (p: { runtime: string; since: string; blocked?: string | undefined; newest: string }) => ({
    sentence: `\`${p.runtime}\` is deprecated since ${p.since}${p.blocked ? `; from ${p.blocked} on AWS creates no functions of it` : ''}`,
    hint: `Move to \`${p.newest}\``,
  }),
  sample: { runtime: 'python3.9', since: '2025-12-15', blocked: '2027-02-01', newest: 'python3.14' },
})

const preview = defineFinding('ZY1903', {
  severity: 'warning',
  certainty: 'likely',
  title: 'This runtime is not offered yet',
  why: "Its name is known to AWS's own runtime client, but functions of it cannot be created yet.",
  text: (p: { runtime: string; newest: string }) => ({
    sentence: `\`${p.runtime}\` is not offered by AWS yet`,
    hint: `Use \`${p.newest}\``,
  }),
  sample: { runtime: 'python3.15', newest: 'python3.14' },
})

const wrongPython = defineFinding('ZY1904', {
  severity: 'warning',
  title: 'A distribution does not support this Python',
  why: "Its own metadata (`Requires-Python`) excludes the runtime's version: it was installed with another Python, or with checks turned off.",
  text: (p: { distribution: string; version: string; requires: string; python: string }) => ({
    sentence: `\`${p.distribution}\` ${p.version} requires Python \`${p.requires}\`, the runtime has ${p.python}`,
    hint: `Install a version of \`${p.distribution}\` for Python ${p.python}`,
  }),
  sample: { distribution: 'numpy', version: '2.3.4', requires: '>=3.11', python: '3.10' },
})

export const runtimePolicy: Rule = {
  name: 'runtime-policy',
  summary: 'Does AWS still take the runtime, and do the distributions support it?',
  findings: [blocked, deprecated, preview, wrongPython],
  *check(facts) {
    const { runtime } = facts.target
    const newest =
      pythonRuntimes.filter((each) => !each.preview && runtimePhase(each, facts.today) === 'supported').at(-1)?.id ??
      runtime.id
    const phase = runtimePhase(runtime, facts.today)
    if (runtime.preview) yield preview({ runtime: runtime.id, newest })
    else if (phase === 'update-blocked')
      yield blocked({ runtime: runtime.id, what: 'create or update', since: runtime.updateBlocked!, newest })
    else if (phase === 'create-blocked')
      yield blocked({ runtime: runtime.id, what: 'create', since: runtime.createBlocked!, newest })
    else if (phase === 'deprecated')
      yield deprecated({ runtime: runtime.id, since: runtime.deprecated!, blocked: runtime.createBlocked, newest })
    for (const { name, version, requiresPython } of facts.package.distributions) {
      if (requiresPython === undefined || supports(requiresPython, runtime.python)) continue
      yield wrongPython(
        { distribution: normalizeName(name), version, requires: requiresPython, python: runtime.python },
        { distribution: name },
      )
    }
  },
}

/** Some patch release of the version is enough: `>=3.8.1` does not exclude Python 3.8. */
function supports(requires: string, python: string): boolean {
  try {
    const set = parseSpecifierSet(requires)
    return matches(set, parseVersion(`${python}.99`)) || matches(set, parseVersion(`${python}.0`))
  } catch {
    return true
  }
}
