/** Writes XML answers of S3, STS and IAM. */

/** A child: text is escaped, `undefined` is left out, an array repeats. */
export type XmlContent = string | number | boolean | undefined | XmlElement | readonly XmlContent[]

export interface XmlElement {
  readonly name: string
  readonly attributes?: Readonly<Record<string, string>> | undefined
  readonly content: XmlContent
}

/** @example element('Bucket', { Name: 'b', CreationDate: '…' }) */
export function element(
  name: string,
  content: XmlContent | XmlFields,
  attributes?: Readonly<Record<string, string>>,
): XmlElement {
  return { name, attributes, content: isFields(content) ? elements(content) : content }
}

/** One element per name; a name whose value is `undefined` is left out, an array repeats the name. */
export interface XmlFields {
  readonly [name: string]: XmlContent | XmlFields | readonly XmlFields[]
}

export function elements(fields: XmlFields): XmlContent {
  return Object.entries(fields).flatMap(([name, value]): XmlElement[] => {
    if (value === undefined) return []
    if (!Array.isArray(value)) return [element(name, value as XmlContent | XmlFields)]
    return (value as readonly (XmlContent | XmlFields)[]).map((one) => element(name, one))
  })
}

/** A whole document with its declaration. */
export function xmlDocument(root: XmlElement): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${render(root)}`
}

function isFields(content: XmlContent | XmlFields): content is XmlFields {
  return typeof content === 'object' && !Array.isArray(content) && !('name' in content && 'content' in content)
}

function render(content: XmlContent): string {
  if (content === undefined) return ''
  if (Array.isArray(content)) return content.map(render).join('')
  if (typeof content !== 'object') return escape(String(content))
  const { name, attributes, content: inner } = content as XmlElement
  const written = Object.entries(attributes ?? {}).map(([key, value]) => ` ${key}="${escape(value)}"`)
  const text = render(inner)
  return text === '' ? `<${name}${written.join('')}/>` : `<${name}${written.join('')}>${text}</${name}>`
}

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

/** Control characters become references: XML 1.0 does not allow them, but S3 sends them so. */
function escape(text: string): string {
  return text.replace(
    // oxlint-disable-next-line no-control-regex
    /[&<>"\r\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g,
    (character) => escapes[character] ?? `&#x${character.charCodeAt(0).toString(16)};`,
  )
}
