import type { HazardCode } from './hazard.ts'

/** A name longer than this cannot be a file name on Linux, in bytes. Source: `NAME_MAX` of linux/limits.h. */
const longestComponentBytes = 255
/** A path longer than this cannot be opened under `/var/task`, in bytes. Source: `PATH_MAX` of linux/limits.h. */
const longestPathBytes = 4096 - '/var/task/'.length - 1

/**
 * What is wrong with a name, worst first; empty for the plain names that nearly every entry has.
 * @example nameHazards('../etc/passwd') // ['parent-name']
 */
export function nameHazards(name: string): readonly HazardCode[] {
  if (isPlain(name)) return name.length <= longestComponentBytes || fits(name) ? [] : ['long-name']
  const found: HazardCode[] = []
  const components = name.split(/[/\\]/)
  // `./` is how some tools write the root itself; `.` or nothing at all would be a file without a name.
  if (name === '' || (!name.endsWith('/') && components.every((part) => part === '' || part === '.')))
    found.push('empty-name')
  if (name.includes('\0')) found.push('nul-name')
  if (/^[a-zA-Z]:/.test(name)) found.push('drive-name')
  if (name.startsWith('/') || name.startsWith('\\')) found.push('absolute-name')
  if (components.includes('..')) found.push('parent-name')
  if (!fits(name)) found.push('long-name')
  if (name.includes('\\')) found.push('backslash-name')
  if (hasControlCharacter(name)) found.push('control-name')
  const inner = (name.endsWith('/') ? name.slice(0, -1) : name).split('/')
  if (!name.startsWith('/') && inner.some((component) => component === '' || component === '.') && name !== '')
    found.push('untidy-name')
  if (name.normalize('NFC') !== name) found.push('name-not-nfc')
  return found
}

/**
 * The path an entry is unpacked to, relative to the package's root: `./a//b/` becomes `a/b`. A backslash is an ordinary
 * character on Linux and stays. The root itself (`./`) is ''. `undefined` when the name leads nowhere safe.
 */
export function entryPath(name: string): string | undefined {
  if (isPlain(name)) return name.endsWith('/') ? name.slice(0, -1) : name
  if (name.startsWith('/') || name.includes('\0')) return undefined
  const components = name.split('/').filter((component) => component !== '' && component !== '.')
  if (components.includes('..') || (components.length === 0 && !name.endsWith('/'))) return undefined
  return components.join('/')
}

/** Letters, digits and `-_+@,~` in components that do not start with a dot or a drive: 99 % of what packages hold. */
const plain = /^(?:[\w+@,~-][\w.+@,~-]*\/)*(?:[\w+@,~-][\w.+@,~-]*)?$/

function isPlain(name: string): boolean {
  return name !== '' && plain.test(name)
}

function fits(name: string): boolean {
  const bytes = Buffer.from(name)
  if (bytes.length > longestPathBytes) return false
  let start = 0
  for (let at = 0; at <= bytes.length; at++) {
    if (at === bytes.length || bytes[at] === 0x2f) {
      if (at - start > longestComponentBytes) return false
      start = at + 1
    }
  }
  return true
}

function hasControlCharacter(name: string): boolean {
  for (let at = 0; at < name.length; at++) {
    const unit = name.charCodeAt(at)
    if ((unit < 0x20 && unit !== 0) || unit === 0x7f) return true
  }
  return false
}
