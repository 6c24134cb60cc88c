import { addTo } from '../../base/groups.ts'
import { magicNumbers } from '../../python/bytecode.ts'
import { defineFinding } from '../finding.ts'
import type { PackageFile } from '../facts.ts'
import type { Rule } from '../rule.ts'
import { noteworthyFiles } from '../tree-files.ts'

const staleBytecode = defineFinding('ZY1710', {
  severity: 'info',
  title: 'Bytecode that Python will not use',
  why: "A `.pyc` is used only when it was made by the runtime's own minor version, and a timestamp one only while its source has the very modification time it had: unpacking changes that. Such files cost size and a look at each start.",
  text: (p: { path: string; because: string; count: number; bytes: number }) => ({
    sentence: `${p.count} bytecode files such as \`${p.path}\` are ${p.because} and will not be used`,
    hint: 'Leave `__pycache__` out, or build with `--bytecode on`, which makes bytecode that counts',
  }),
  sample: { path: '__pycache__/app.cpython-311.pyc', because: 'of Python 3.11', count: 214, bytes: 3_000_000 },
})

const editable = defineFinding('ZY1711', {
  severity: 'error',
  title: 'An editable installation points outside of the package',
  why: '`pip install -e` leaves only a pointer to a folder of the build machine. On Lambda that folder does not exist: `ModuleNotFoundError`.',
  text: (p: { path: string; target: string }) => ({
    sentence: `\`${p.path}\` points to \`${p.target}\`, which is not in the package`,
    hint: 'Install the project itself (`pip install .`), or build with `zipyard build`, which packs it',
  }),
  sample: { path: '__editable__.mylib-1.0.pth', target: '/home/me/mylib/src' },
})

const pathConfiguration = defineFinding('ZY1712', {
  severity: 'warning',
  certainty: 'likely',
  title: 'A .pth file runs code at start',
  why: 'The runtime calls `site.addsitedir` on `/var/task`, so lines of `.pth` files that start with `import` are executed at each cold start; such files come from development tools.',
  text: (p: { path: string; line: string }) => ({
    sentence: `\`${p.path}\` runs code at each cold start`,
    hint: 'Leave it out unless the function needs it',
  }),
  sample: { path: 'distutils-precedence.pth', line: 'import os; …' },
})

const eggLink = defineFinding('ZY1713', {
  severity: 'warning',
  title: 'A leftover of an old development installation',
  why: '`.egg-link` files are pointers that only setuptools on the build machine follows.',
  text: (p: { path: string }) => ({
    sentence: `\`${p.path}\` is a pointer that nothing on Lambda follows`,
    hint: 'Install the project itself (`pip install .`)',
  }),
  sample: { path: 'mylib.egg-link' },
})

export const leftovers: Rule = {
  name: 'leftovers',
  summary: 'Is there bytecode that will not be used, or a pointer to a folder that stayed at home?',
  findings: [staleBytecode, editable, pathConfiguration, eggLink],
  *check(facts) {
    const stale = new Map<string, PackageFile[]>()
    for (const tree of [facts.package, ...facts.layers])
      for (const file of noteworthyFiles(tree)) {
        if (file.interest === 'bytecode') {
          const because = whyStale(file, facts.target.runtime.python)
          if (because !== undefined) addTo(stale, because, file)
        }
        if (file.path.endsWith('.egg-link')) yield eggLink({ path: file.path }, { file: file.path })
        const content = file.interest === 'path configuration' ? file.content : undefined
        if (content?.kind !== 'path configuration') continue
        const place = { file: file.path, distribution: file.distribution }
        const outside = content.lines.find((line) => line.startsWith('/') || /^[A-Za-z]:\\/.test(line))
        const runs = content.lines.find((line) => /^import[ \t]/.test(line))
        if (outside !== undefined) yield editable({ path: file.path, target: outside }, place)
        else if (runs !== undefined && /__editable__/.test(file.path + runs))
          yield editable({ path: file.path, target: 'the project on the build machine' }, place)
        else if (runs !== undefined) yield pathConfiguration({ path: file.path, line: runs }, place)
      }
    for (const [because, files] of stale) {
      const bytes = files.reduce((sum, file) => sum + file.bytes, 0)
      yield staleBytecode({ path: files[0]!.path, because, count: files.length, bytes }, { file: files[0]!.path })
    }
  },
}

function whyStale(file: PackageFile, python: string): string | undefined {
  const named = /\.cpython-3(\d+)(?:\.opt-\d)?\.pyc$/.exec(file.path)
  if (named && `3.${named[1]}` !== python) return `of Python 3.${named[1]}`
  if (file.content?.kind !== 'bytecode') return undefined
  const magic = magicNumbers[python]
  if (magic !== undefined && file.content.magic !== magic) return 'of another Python'
  return file.content.check === 'timestamp' ? 'tied to the modification time of their source' : undefined
}
