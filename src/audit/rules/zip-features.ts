import { addTo } from '../../base/groups.ts'
import type { Hazard, HazardCode } from '../../zip/hazard.ts'
import { refusedHazards } from '../../zip/policy.ts'
import { defineFinding, type Finding, type FindingDefinition } from '../finding.ts'
import type { Rule } from '../rule.ts'

type OfHazard = { readonly hazards: readonly Hazard[] }

/** Many entries with one trouble are one finding: a package packed on Windows has the same one for each of its files. */
function said({ hazards }: OfHazard): { sentence: string; hint: string } {
  const [first] = hazards
  return {
    sentence: hazards.length > 1 ? `${first!.sentence}, and so on for ${hazards.length - 1} more` : first!.sentence,
    hint: first!.hint,
  }
}

const sampleOf = (code: HazardCode, sentence: string, hint: string, name?: string): OfHazard => ({
  hazards: [{ code, sentence, hint, name }],
})

const refused = defineFinding('ZY1601', {
  severity: 'error',
  title: 'The archive cannot be unpacked safely',
  why: 'Names that lead out of the package, encryption, methods other than stored and deflate, headers that contradict each other, files that share their bytes: Lambda answers `Could not unzip uploaded file. Please check your file, then try to upload again.`, or two readers would unpack two different packages.',
  text: said,
  sample: sampleOf(
    'method',
    '`lib/data.bin` is packed with zstandard',
    'Make the archive again with deflate, the method every zip tool uses unless told otherwise',
    'lib/data.bin',
  ),
})

const duplicate = defineFinding('ZY1602', {
  severity: 'warning',
  title: 'A file stands in the archive twice',
  why: 'The last one wins with most tools and the first one with some; which one Lambda takes is not documented.',
  text: said,
  sample: sampleOf(
    'duplicate-name',
    '`lambda_function.py` stands in it twice',
    'Remove one of the two: `zip -d package.zip NAME`',
    'lambda_function.py',
  ),
})

const caseCollision = defineFinding('ZY1603', {
  severity: 'info',
  title: 'Two names differ only in case',
  why: 'Lambda keeps both. On macOS and Windows one overwrites the other, so the package cannot be unpacked and packed again there.',
  text: said,
  sample: sampleOf(
    'case-collision',
    '`Utils/a.py` and `utils/a.py` differ only in case',
    'Rename one of them: on macOS and Windows they are the same file',
  ),
})

const backslash = defineFinding('ZY1604', {
  severity: 'error',
  title: 'Folders are separated by backslashes',
  why: 'Old Windows tools write `pkg\\mod.py`. On Linux that is one file with a backslash in its name, not a file in a folder, so `import pkg.mod` does not find it.',
  text: said,
  sample: sampleOf(
    'backslash-name',
    '`pkg\\mod.py` has backslashes where Linux needs `/`',
    'Make the archive again with a tool that writes `/` between folders (`zipyard repair` can)',
  ),
})

const encoding = defineFinding('ZY1605', {
  severity: 'info',
  certainty: 'likely',
  title: 'Names beyond ASCII are not marked as UTF-8',
  why: "Without the mark, readers guess: one unpacks `ü.txt`, another `├╝.txt`. Debian's `zip` never sets the mark. What Lambda guesses is not documented; Zipyard takes valid UTF-8 from a Unix tool as UTF-8, as `unzip` does.",
  text: said,
  sample: sampleOf(
    'name-unmarked',
    '`data/ü.txt` is not marked as UTF-8',
    'Make the archive again with a tool that marks its names as UTF-8 (`zipyard repair` can)',
  ),
})

const normalization = defineFinding('ZY1606', {
  severity: 'warning',
  title: 'A name is not in composed Unicode (NFC)',
  why: 'macOS tools decompose accents. Python compares file names byte by byte, so `import café` does not find a decomposed `café.py`.',
  text: said,
  sample: sampleOf(
    'name-not-nfc',
    '`café.py` is not spelled in composed Unicode (NFC)',
    'Rename the file to composed Unicode (NFC), as the import statement spells it',
  ),
})

const oddStructure = defineFinding('ZY1607', {
  severity: 'warning',
  title: 'The archive is not what its own records say',
  why: 'Data in front of or behind the archive, a wrong count, gaps: most readers cope, and whether Lambda does is not documented.',
  text: said,
  sample: sampleOf(
    'prepended-data',
    '12 bytes stand in front of it that its offsets do not count',
    'Make the archive again without data in front of it',
  ),
})

const specialFile = defineFinding('ZY1608', {
  severity: 'warning',
  title: 'Something other than a file, folder or link is in the archive',
  why: 'Devices, pipes and sockets cannot be unpacked as what they were.',
  text: said,
  sample: sampleOf(
    'special-file',
    '`run/socket` is neither a file nor a folder nor a link (mode 140755)',
    'Remove it: only files, folders and links can be in a package',
  ),
})

const zip64 = defineFinding('ZY1609', {
  severity: 'info',
  certainty: 'likely',
  title: 'The archive uses zip64',
  why: 'From 65,535 files on it must. Whether Lambda takes such archives is not documented.',
  text: said,
  sample: sampleOf(
    'zip64',
    'it uses the zip64 form of the end record',
    'Keep the package under 65,535 files: whether Lambda takes more is not documented',
  ),
})

const link = defineFinding('ZY1610', {
  severity: 'info',
  title: 'The archive holds symbolic links',
  why: 'Lambda keeps them as links. Where a link leads out of the package, nothing may be there.',
  text: said,
  sample: sampleOf(
    'symbolic-link',
    '`lib/libx.so` is a symbolic link',
    'Store the file itself: `zip` follows links unless `-y` is given',
  ),
})

/** Codes that no row names are errors when Lambda's rules refuse them, else part of an odd structure. */
const definitions = new Map<HazardCode, FindingDefinition<OfHazard>>([
  ['duplicate-name', duplicate],
  ['case-collision', caseCollision],
  ['backslash-name', backslash],
  ['name-unmarked', encoding],
  ['name-not-nfc', normalization],
  ['special-file', specialFile],
  ['zip64', zip64],
  ['symbolic-link', link],
])

/** Of no consequence for a package on Lambda; `no-entries` has a finding of its own. */
const silent = new Set<HazardCode>(['data-descriptor', 'no-entries', 'untidy-name', 'directory-with-data'])

export const zipFeatures: Rule = {
  name: 'zip-features',
  summary: 'Can Lambda unpack the archive, and does everyone unpack the same files from it?',
  findings: [
    refused,
    duplicate,
    caseCollision,
    backslash,
    encoding,
    normalization,
    oddStructure,
    specialFile,
    zip64,
    link,
  ],
  *check(facts) {
    for (const { hazards } of [facts.package, ...facts.layers]) {
      const groups = new Map<FindingDefinition<OfHazard>, Hazard[]>()
      for (const hazard of hazards) {
        if (silent.has(hazard.code)) continue
        const fallback = refusedHazards([hazard], 'upload').length > 0 ? refused : oddStructure
        const definition = definitions.get(hazard.code) ?? fallback
        addTo(groups, definition, hazard)
      }
      for (const [definition, group] of groups) yield findingOf(definition, group)
    }
  },
}

function findingOf(definition: FindingDefinition<OfHazard>, hazards: readonly Hazard[]): Finding {
  return definition({ hazards }, { file: hazards[0]!.name })
}
