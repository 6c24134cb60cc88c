import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { garbled, samples } from '../../test/kit/arbitrary-pypa.ts'
import { ZipyardError } from '../base/errors.ts'
import { parseProjectPage } from './simple-index.ts'
import { formatSpecifierSet } from './specifier.ts'

const url = 'https://index.example/simple/foo/'
const a = 'a'.repeat(64)

test('an HTML page lists files with digests, Python versions, yanks and metadata', () => {
  const { files, apiVersion } = parseProjectPage(
    `<!DOCTYPE html><html><head><meta name="pypi:repository-version" content="1.3"></head><body>
    <a href="../../packages/foo-1.0-py3-none-any.whl#sha256=${a}" data-requires-python="&gt;=3.8,&lt;4" data-core-metadata="sha256=${a}">foo-1.0-py3-none-any.whl</a><br/>
    <A HREF='https://files.example/foo%2Bx-1.1.tar.gz' data-yanked="too old &amp; broken">foo</A>
    <!-- <a href="foo-0.1.tar.gz">no</a> -->
    <a href="javascript:alert(1)">no</a>
    </body></html>`,
    'text/html; charset=UTF-8',
    url,
  )
  expect(apiVersion).toBe('1.3')
  expect(files).toMatchObject([
    {
      filename: 'foo-1.0-py3-none-any.whl',
      url: 'https://index.example/packages/foo-1.0-py3-none-any.whl',
      hashes: { sha256: a },
      yanked: false,
      metadata: { sha256: a },
    },
    {
      filename: 'foo+x-1.1.tar.gz',
      url: 'https://files.example/foo%2Bx-1.1.tar.gz',
      hashes: {},
      yanked: 'too old & broken',
    },
  ])
  expect(formatSpecifierSet(files[0]!.requiresPython!)).toBe('>=3.8,<4')
})

test('`<base>` moves relative links', () => {
  const { files } = parseProjectPage(
    '<html><base href="https://cdn.example/x/"><a href="foo-1.0.tar.gz">f</a></html>',
    'text/html',
    url,
  )
  expect(files[0]!.url).toBe('https://cdn.example/x/foo-1.0.tar.gz')
})

test('a JSON page says the same, and sizes and times', () => {
  const { files } = parseProjectPage(
    JSON.stringify({
      meta: { 'api-version': '1.1' },
      files: [
        {
          filename: 'foo-1.0.tar.gz',
          url: 'foo-1.0.tar.gz',
          hashes: { sha256: a.toUpperCase() },
          size: 12,
          'upload-time': '2024-01-01T00:00:00Z',
          yanked: '',
          'core-metadata': false,
        },
        {
          filename: 'foo-1.0-py3-none-any.whl',
          url: 'https://files.example/foo-1.0-py3-none-any.whl',
          hashes: {},
          yanked: 'no',
          'dist-info-metadata': true,
          'requires-python': 'nonsense',
        },
        { filename: 1 },
      ],
    }),
    'application/vnd.pypi.simple.v1+json',
    url,
  )
  expect(files).toMatchObject([
    { url: `${url}foo-1.0.tar.gz`, hashes: { sha256: a }, sizeBytes: 12, yanked: false, metadata: undefined },
    { yanked: 'no', metadata: true, requiresPython: undefined },
  ])
})

test('what is no index page is refused', () => {
  expect(() => parseProjectPage('{', 'application/json', url)).toThrow('it says that it is JSON and is not')
  expect(() => parseProjectPage('{}', 'application/json', url)).toThrow('it has no list of `files`')
  expect(() => parseProjectPage('Service unavailable', 'text/plain', url)).toThrow('it is neither JSON nor HTML')
  expect(() => parseProjectPage('{"meta":{"api-version":"2.0"},"files":[]}', 'application/json', url)).toThrow(
    'newer than `1.x`',
  )
})

test('whatever an index answers, it is read or refused with a sentence', () => {
  const pieces = ['<a ', 'href=', '"', "'", 'x.whl', '#sha256=', a, '>', '</a>', '<!--', '-->', '<html>', '<base href=', 'data-yanked', '&#x110000;', '&#0;', '%', '%zz', '{"files":[', ']}', 'null', ','] // prettier-ignore
  for (const [body, type] of samples(
    fc.tuple(garbled(pieces), fc.constantFrom('text/html', 'application/json')),
    3000,
  )) {
    try {
      parseProjectPage(body, type, url)
    } catch (error) {
      if (!(error instanceof ZipyardError)) throw new Error(`crashed on ${JSON.stringify(body)}`, { cause: error })
    }
  }
})

test.each(['<a ', '<a href="', '<meta ', '<!--', '<', '&#', "<a href='x'>", '<a a=b '])(
  '300 KB of `%s` costs no more than its length',
  (piece) => {
    const body = `<html>${piece.repeat(300_000 / piece.length)}`
    expect(parseProjectPage(body, 'text/html', url).files.length).toBeLessThanOrEqual(body.length)
  },
)
