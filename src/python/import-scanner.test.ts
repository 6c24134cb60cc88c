import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { cases } from '../../test/kit/cases.ts'
import { scanImports } from './import-scanner.ts'

const scan = (source: string): string[] =>
  scanImports(Buffer.from(source)).map(
    ({ module, level, names, line, context }) =>
      `${line} ${'.'.repeat(level)}${module}${names ? ` (${names.join(' ')})` : ''} ${context}`,
  )

test.each<readonly [string, string, readonly string[]]>([
  ['plain imports', 'import a\nimport b.c, d as e\n', ['1 a always', '2 b.c always', '2 d always']],
  ['names of a module', 'from a.b import c, d as e\n', ['1 a.b (c d) always']],
  [
    'names in parentheses over lines',
    'from a import (\n  b, # no c\n  d as e,\n)\nimport f',
    ['1 a (b d) always', '5 f always'],
  ],
  ['all names', 'from a import *', ['1 a (*) always']],
  [
    'relative imports',
    'from . import a\nfrom ..b import c\nfrom ...d.e import f\nfrom .. import(g)',
    ['1 . (a) always', '2 ..b (c) always', '3 ...d.e (f) always', '4 .. (g) always'],
  ],
  ['continued lines', 'import a, \\\n  b\nfrom c \\\n  import d', ['1 a always', '1 b always', '3 c (d) always']],
  ['several statements on a line', 'x = 1; import a; from b import c', ['1 a always', '1 b (c) always']],
  ['a statement behind a colon', 'if x: import a\nelse: import b', ['1 a conditional', '2 b conditional']],
  [
    'functions and classes',
    'def f():\n  import a\nclass C:\n  import b\n  def g(self):\n    import c\nimport d',
    ['2 a lazy', '4 b always', '6 c lazy', '7 d always'],
  ],
  ['coroutines', 'async def f():\n  import a\n', ['2 a lazy']],
  [
    'a try that catches',
    'try:\n  import a\nexcept ImportError:\n  import b\nelse:\n  import c\nfinally:\n  import d',
    ['2 a guarded', '4 b fallback', '6 c always', '8 d always'],
  ],
  ['a try that catches something else', 'try:\n  import a\nexcept KeyError:\n  pass', ['2 a always']],
  [
    'a try that catches one of several',
    'try:\n  import a\nexcept (KeyError, ImportError) as e:\n  pass',
    ['2 a guarded'],
  ],
  [
    'a try that catches absence alone',
    'try:\n  import a\nexcept ModuleNotFoundError:\n  pass\ntry:\n  import b\nexcept ModuleNotFoundError:\n  pass\nexcept ImportError:\n  pass',
    ['2 a guarded when absent', '6 b guarded'],
  ],
  [
    'suppression',
    'with contextlib.suppress(ImportError):\n  import a\nwith suppress(ModuleNotFoundError):\n  import b\nwith suppress(KeyError):\n  import c',
    ['2 a guarded', '4 b guarded when absent', '6 c always'],
  ],
  [
    'examples and prose behind the last import are none',
    'import a\r\ndef f():\r\n  """important\n  >>> import b\n  # import c\n  an import of d\n  """\n  reimport = important\n',
    ['1 a always'],
  ],
  ['continued lines are statements to the last', 'x = 1 # import\nfrom a \\\r\n  import b', ['2 a (b) always']],
  ['behind a byte order mark and a form feed', '\ufeffimport a\n\f import b', ['1 a always', '2 b always']],
  ['a bare except', 'try:\n  import a\nexcept:\n  pass', ['2 a guarded']],
  [
    'an except that raises again',
    'try:\n  import a\nexcept ImportError as e:\n  raise RuntimeError() from e',
    ['2 a always'],
  ],
  ['a try in a function', 'def f():\n  try:\n    import a\n  except ImportError:\n    a = None', ['3 a guarded']],
  [
    'type checking',
    'if TYPE_CHECKING:\n  import a\nelse:\n  import b\nif typing.TYPE_CHECKING:\n  import c',
    ['2 a never', '4 b always', '6 c never'],
  ],
  [
    'strings of every kind',
    `a = 'import x'\nb = "import x"\nc = '''\nimport x\n'''\nd = r"\\"\nimport y\ne = b'\\''\nimport z`,
    ['7 y always', '9 z always'],
  ],
  [
    'escaped quotes',
    `a = 'it\\'s'\nimport b\nc = "\\\\"\nimport d\n"""\\"""\nimport x\n"""\nimport e`,
    ['2 b always', '4 d always', '8 e always'],
  ],
  [
    'formatted strings with quotes inside (PEP 701)',
    `a = f"{x["import y"]}"\nimport b\nc = f'{d!r:>{width}}'\nimport e\nf"{'}'}"\nimport g`,
    ['2 b always', '4 e always', '6 g always'],
  ],
  ['brackets', 'x = (\nimport_me,\n"import a",\n)\nimport b', ['5 b always']],
  ['names that start like keywords', 'importlib.import_module("x")\nfrom_x = 1\nimport_ = 2\nfromage = 3', []],
  ['old syntax', 'print "import x"\nexec "import y"\nimport a', ['3 a always']],
  ['new syntax', 'match x:\n  case {"import": 1}:\n    pass\ntype T = int\nimport a', ['5 a always']],
  ['carriage returns', 'import a\r\nimport b\rimport c', ['1 a always', '2 b always', '3 c always']],
  ['a byte order mark', '\uFEFFimport a', ['1 a always']],
  ['tabs and form feeds', 'if x:\n\timport a\n\fimport b', ['2 a conditional', '3 b always']],
  ['a file without end', 'import a\nx = """ import b', ['1 a always']],
  ['names beyond ASCII', 'import größe\nfrom ﬁle import x', ['1 größe always', '2 file (x) always']],
  ['yield from and raise from', 'def f():\n  yield from g\n  raise a from b\nimport c', ['4 c always']],
])('%s are read', (_, source, expected) => {
  expect(scan(source)).toEqual(expected)
})

test("CPython's own parser finds the same imports in its whole standard library", () => {
  const script = `
import ast, json, os, sys, warnings
warnings.simplefilter('ignore')
root, out = os.path.dirname(os.__file__), {}
for folder, folders, files in os.walk(root):
    folders.sort()
    if 'site-packages' in folder: continue
    for name in sorted(files):
        path = os.path.join(folder, name)
        if not name.endswith('.py') or len(out) >= 1200: continue
        try: tree = ast.parse(open(path, 'rb').read())
        except Exception: continue
        out[path] = [[a.name, 0, None, n.lineno] for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names] + [[n.module or '', n.level, [a.name for a in n.names], n.lineno] for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)]
json.dump(out, sys.stdout)
`
  const expected = JSON.parse(execFileSync('python3', ['-c', script], { maxBuffer: 1 << 28 }).toString()) as Record<
    string,
    unknown[]
  >
  let compared = 0
  for (const [path, imports] of Object.entries(expected)) {
    const found = scanImports(readFileSync(path)).map(({ module, level, names, line }) =>
      JSON.stringify([module, level, names ?? null, line]),
    )
    expect(found.sort(), path).toEqual(imports.map((each) => JSON.stringify(each)).sort())
    compared += imports.length
  }
  expect(compared).toBeGreaterThan(3000)
})

test('no bytes make it throw or run on', () => {
  const pieces = [
    'import ',
    'from ',
    'a',
    '.',
    ' ',
    '\n',
    '(',
    ')',
    '"""',
    "'",
    'f"',
    '{',
    '}',
    '\\',
    '#',
    ':',
    ';',
    'try:',
    'except',
    '\t',
    '\r',
    '\0',
    'é',
    'as ',
    ',',
    '*',
    'raise',
  ]
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 60 }), (parts) => {
      scanImports(Buffer.from(parts.join('')))
    }),
    cases(5000),
  )
})
