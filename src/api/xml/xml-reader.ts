/**
 * Reads the XML that S3 clients send: elements and text. Attributes are skipped, namespaces ignored, document types refused, so no
 * entity can grow and nothing outside is ever read.
 */
import { defineError } from '../../base/errors.ts'

export const malformedXml = defineError('ZY0840', 'refused', (p: { because: string }) => ({
  message: `the body is not the XML that was expected: ${p.because}`,
  hint: 'Send a well-formed document of the operation',
}))

export interface XmlNode {
  /** Without its namespace prefix. */
  readonly name: string
  readonly children: readonly XmlNode[]
  /** The text directly inside, as written. */
  readonly text: string
}

const depthLimit = 32
const nodeLimit = 200_000
const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }
const nameStart = /[A-Za-z_:\u0080-\uffff]/
// One token at a time, anchored: a tag, a comment, a CDATA section, a declaration, or text.
const token =
  /<!--[\s\S]*?-->|<!\[CDATA\[([\s\S]*?)\]\]>|<\?[\s\S]*?\?>|<(\/?)([^\s<>/]+)((?:[^<>"']|"[^"<]*"|'[^'<]*')*?)(\/?)>|([^<]+)/y

/** Parses a whole document. @throws `malformedXml` */
export function parseXml(text: string): XmlNode {
  const root: Open = { name: '', children: [], text: '' }
  const stack: Open[] = [root]
  token.lastIndex = text.startsWith('\ufeff') ? 1 : 0
  for (let nodes = 0; token.lastIndex < text.length;) {
    const at = token.lastIndex
    const match = token.exec(text)
    if (!match) throw malformedXml({ because: `something unexpected stands at character ${at}` })
    const [, cdata, closing, name, , empty, plain] = match
    const current = stack.at(-1)!
    if (cdata !== undefined) current.text += cdata
    else if (plain !== undefined) current.text += decode(plain)
    else if (name !== undefined && closing) {
      if (stack.length === 1 || current.name !== localName(name)) {
        throw malformedXml({ because: `\`</${name}>\` closes nothing` })
      }
      stack.pop()
    } else if (name !== undefined) {
      if (!nameStart.test(name)) throw malformedXml({ because: `\`<${name}\` is not an element` })
      if (++nodes > nodeLimit || stack.length > depthLimit) throw malformedXml({ because: 'it is too large' })
      const node: Open = { name: localName(name), children: [], text: '' }
      current.children.push(node)
      if (!empty) stack.push(node)
    }
  }
  if (stack.length > 1) throw malformedXml({ because: `\`<${stack.at(-1)!.name}>\` is never closed` })
  if (root.children.length !== 1 || root.text.trim() !== '') throw malformedXml({ because: 'it has no single root' })
  return root.children[0]!
}

/** The first child of that name. */
export function child(node: XmlNode, name: string): XmlNode | undefined {
  return node.children.find((one) => one.name === name)
}

export function childrenNamed(node: XmlNode, name: string): readonly XmlNode[] {
  return node.children.filter((one) => one.name === name)
}

export function textOf(node: XmlNode, name: string): string | undefined {
  return child(node, name)?.text
}

interface Open {
  name: string
  children: Open[]
  text: string
}

function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1)
}

function decode(text: string): string {
  if (!text.includes('&')) return text
  return text.replace(/&(?:#x([0-9a-fA-F]{1,6})|#(\d{1,7})|(\w+));|&/g, (reference, hex, decimal, name) => {
    if (name !== undefined && name in entities) return entities[name]!
    const code = hex !== undefined ? Number.parseInt(hex, 16) : decimal !== undefined ? Number(decimal) : -1
    if (code < 0 || code > 0x10ffff) throw malformedXml({ because: `\`${reference}\` is not a reference` })
    return String.fromCodePoint(code)
  })
}
