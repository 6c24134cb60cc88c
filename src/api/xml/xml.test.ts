import { assert, property, string } from 'fast-check'
import { expect, test } from 'vitest'
import { cases } from '../../../test/kit/cases.ts'
import { child, malformedXml, parseXml, textOf } from './xml-reader.ts'
import { element, xmlDocument } from './xml-writer.ts'

test('fields become elements; undefined is left out, an array repeats its name', () => {
  const root = element('Result', { Name: 'a<b', Missing: undefined, Part: [{ Number: 1 }, { Number: 2 }], Empty: '' })
  expect(xmlDocument(root)).toBe(
    '<?xml version="1.0" encoding="UTF-8"?>\n<Result><Name>a&lt;b</Name><Part><Number>1</Number></Part><Part><Number>2</Number></Part><Empty/></Result>',
  )
})

test('elements, text, CDATA, references and comments are read; prefixes and attributes are skipped', () => {
  const node = parseXml(
    `<?xml version="1.0"?>\n<s3:Delete xmlns:s3="http://x/" a='>'><!-- <Key>no</Key> --><Object><Key>a&amp;b&#x41;<![CDATA[<c>]]></Key></Object></s3:Delete>`,
  )
  expect(node.name).toBe('Delete')
  expect(textOf(child(node, 'Object')!, 'Key')).toBe('a&bA<c>')
})

test('any text survives being written and read', () => {
  assert(
    property(string({ unit: 'grapheme' }), string({ unit: 'binary-ascii' }), (one, two) => {
      const node = parseXml(xmlDocument(element('T', { One: one, Two: two })))
      expect([textOf(node, 'One'), textOf(node, 'Two')]).toEqual([one, two])
    }),
    cases(100),
  )
})

test.each([
  ['nothing', ''],
  ['text only', 'hello'],
  ['two roots', '<a/><b/>'],
  ['an element that is not closed', '<a><b></a>'],
  ['a tag that never ends', '<a'],
  ['a document type', '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>'],
  ['an unknown entity', '<a>&x;</a>'],
  ['a reference beyond Unicode', '<a>&#x110000;</a>'],
  ['deep nesting', '<a>'.repeat(100) + '</a>'.repeat(100)],
  ['JSON', '{"a":1}'],
])('%s is refused', (_, text) => {
  expect(() => parseXml(text)).toThrow(expect.toSatisfy(malformedXml.is))
})

test('a hostile document is refused in time that grows with its length only', () => {
  for (const piece of ['<', '<a ', "<a b='", '<!--', '<![CDATA[', '&', '<a>', '</', '<?']) {
    expect(() => parseXml(piece.repeat(50_000))).toThrow(expect.toSatisfy(malformedXml.is))
  }
})
