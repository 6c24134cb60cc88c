import { plural } from '../../base/plural.ts'
import { defineFinding } from '../finding.ts'
import type { Rule } from '../rule.ts'
import { noteworthyFiles } from '../tree-files.ts'

const damaged = defineFinding('ZY1611', {
  severity: 'error',
  title: 'A file of the archive is damaged',
  why: 'What it unpacks to is not what the archive says of it: Lambda answers `Could not unzip uploaded file. Please check your file, then try to upload again.` Only files that the check looks into are unpacked; `unzip -t` unpacks all of them.',
  text: (p: { path: string; because: string; more: number }) => ({
    sentence: `\`${p.path}\` is damaged: ${p.because}${p.more > 0 ? ` (and ${plural(p.more, 'more file')})` : ''}`,
    hint: 'The archive was changed or cut on its way: fetch or build it again',
  }),
  sample: { path: 'numpy/_core/_multiarray_umath.so', because: 'its checksum is wrong', more: 0 },
})

/** Asked last: the other rules decide what is unpacked. */
export const damage: Rule = {
  name: 'damage',
  summary: 'Does every file that was looked into unpack to what the archive says of it?',
  findings: [damaged],
  *check(facts) {
    for (const tree of [facts.package, ...facts.layers]) {
      const told = new Set(tree.hazards.map(({ name }) => name))
      const found = [...noteworthyFiles(tree)].filter((file) => file.damage !== undefined && !told.has(file.path))
      const [first] = found
      if (first)
        yield damaged({ path: first.path, because: first.damage!, more: found.length - 1 }, { file: first.path })
    }
  },
}
