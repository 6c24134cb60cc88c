import { expect, test } from 'vitest'
import { packageOf } from '../../test/kit/check.ts'
import { parsePythonRuntime } from '../lambda/runtimes.ts'
import { openFacts } from './collect.ts'
import { treemapHtml, treemapOf } from './treemap.ts'

function facts(files: Parameters<typeof packageOf>[0]) {
  const opened = openFacts(packageOf(files, '<b>&.zip'), {
    target: { runtime: parsePythonRuntime('python3.13'), architecture: 'x86_64' },
  })
  opened.close()
  return opened.facts
}

const files = {
  'app.py': 'x'.repeat(100),
  'dep/__init__.py': '',
  'dep/core/large.bin': 'y'.repeat(10_000),
  'dep/a.txt': '1',
  'dep/b.txt': '2',
  'dep-1.0.dist-info/METADATA': 'Name: dep\nVersion: 1.0\n',
}

test('every byte is in the picture once: by distribution, folder and file', () => {
  const root = treemapOf(facts(files))
  expect(root.children?.map(({ name, bytes, files }) => [name, bytes, files])).toEqual([
    ['dep 1.0', 10_025, 5],
    ['own code', 100, 1],
  ])
  const [dep] = root.children![0]!.children!
  expect(dep).toMatchObject({
    name: 'dep/',
    bytes: 10_002,
    children: [{ name: 'core/' }, { name: '3 smaller', bytes: 2 }],
  })
  expect(root.bytes).toBe(10_125)
})

test('the page stands alone, and names of files cannot break out of it', () => {
  const html = treemapHtml(facts({ ...files, '</script><img src=x>.py': 'z' }))
  expect(html).not.toMatch(/https?:|<img|<b>/)
  expect(html).toContain('&lt;b&gt;&amp;.zip')
  expect(html).toContain("default-src 'none'")
})
