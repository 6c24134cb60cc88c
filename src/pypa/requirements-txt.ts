import { dirname, isAbsolute, join } from 'node:path'
import { defineError, ZipyardError } from '../base/errors.ts'
import { eggOf, isArchiveName, isUrl, parseDirectReference, type DirectReference } from './direct-reference.ts'
import { hideCredentials } from './hide-credentials.ts'
import { parseMarker, type Marker } from './marker.ts'
import { normalizeName, type NormalizedName } from './name.ts'
import { parseRequirement, type Requirement } from './requirement.ts'
import { logicalLines, splitExtras, splitMarker, splitOptions } from './requirements-lines.ts'
import { readHash, splitWords, takeOption, type Fail } from './requirements-options.ts'

/** One requirement of a requirements file. */
export interface RequirementLine {
  readonly file: string
  /** Where it begins, counted from 1. */
  readonly line: number
  /** The requirement as written, without options and comments, variables expanded. */
  readonly text: string
  /** Absent when only a URL or a path is given and no name with it. */
  readonly name?: NormalizedName | undefined
  readonly extras: readonly string[]
  readonly marker?: Marker | undefined
  /** The named form, `name>=1`. */
  readonly requirement?: Requirement | undefined
  /** For URLs, paths and repositories, `name @ URL` included. */
  readonly reference?: DirectReference | undefined
  readonly isEditable: boolean
  /** `sha256:…`, any of which may hold. */
  readonly hashes: readonly string[]
  /** `--config-settings` and `--global-option`, as written. */
  readonly buildOptions: readonly string[]
}

/** What options in requirements files say about indexes and files. */
export interface RequirementsOptions {
  readonly indexUrl?: string | undefined
  readonly extraIndexUrls: readonly string[]
  readonly findLinks: readonly string[]
  readonly noIndex: boolean
  readonly trustedHosts: readonly string[]
  /** Names, `:all:` or `:none:`, as written. */
  readonly noBinary: readonly string[]
  readonly onlyBinary: readonly string[]
  readonly preferBinary: boolean
  readonly requireHashes: boolean
  readonly allowPrereleases: boolean
}

/** A requirements file with everything it includes. */
export interface RequirementsFile {
  readonly file: string
  readonly requirements: readonly RequirementLine[]
  /** Of `-c`: they say which versions, never what to install. */
  readonly constraints: readonly RequirementLine[]
  readonly options: RequirementsOptions
  /** Every file that was read, this one first. */
  readonly files: readonly string[]
  /** `${NAME}` for which there is no variable; left as they stand, as pip does. */
  readonly unsetVariables: readonly string[]
}

export const invalidRequirementsLine = defineError(
  'ZY0210',
  'refused',
  (p: { file: string; line: number; problem: string; hint?: string | undefined }) => ({
    message: `\`${p.file}\`, line ${p.line}: ${p.problem}`,
    hint: p.hint ?? 'Correct that line; the format is that of `pip install -r`',
  }),
)

export const unreadableRequirementsFile = defineError(
  'ZY0211',
  'refused',
  (p: { file: string; from?: string | undefined; line?: number | undefined }) => ({
    message:
      p.from === undefined
        ? `\`${p.file}\` cannot be read`
        : `\`${p.from}\`, line ${p.line}: \`${p.file}\` cannot be read`,
    hint: 'Paths after `-r` and `-c` are relative to the file that names them',
  }),
)

export interface RequirementsContext {
  /** Reads a file or a URL as text. */
  readonly read: (place: string) => Promise<string>
  /** For `${NAME}`. */
  readonly environment: Readonly<Record<string, string | undefined>>
  /** What paths of requirements are relative to (pip: the working folder, not the file's). */
  readonly folder: string
}

/** Reads a requirements file and everything it includes by `-r` and `-c`. */
export async function readRequirementsFile(file: string, context: RequirementsContext): Promise<RequirementsFile> {
  const reader = new RequirementsReader(context)
  await reader.include(file, 'requirements')
  return {
    file,
    requirements: reader.requirements,
    constraints: reader.constraints,
    options: reader.options,
    files: reader.files,
    unsetVariables: [...reader.unset].sort(),
  }
}

type Mutable<Type> = { -readonly [Key in keyof Type]: Type[Key] extends readonly (infer Item)[] ? Item[] : Type[Key] }

class RequirementsReader {
  readonly requirements: RequirementLine[] = []
  readonly constraints: RequirementLine[] = []
  readonly files: string[] = []
  readonly unset = new Set<string>()
  readonly options: Mutable<RequirementsOptions> = {
    indexUrl: undefined,
    extraIndexUrls: [],
    findLinks: [],
    noIndex: false,
    trustedHosts: [],
    noBinary: [],
    onlyBinary: [],
    preferBinary: false,
    requireHashes: false,
    allowPrereleases: false,
  }
  readonly #context: RequirementsContext
  readonly #seen = new Set<string>()

  constructor(context: RequirementsContext) {
    this.#context = context
  }

  async include(
    file: string,
    as: 'requirements' | 'constraints',
    from?: { file: string; line: number },
  ): Promise<void> {
    // A file may be included twice, or include itself by a detour; pip refuses the latter, and once is enough for either.
    const key = `${as} ${file}`
    if (this.#seen.has(key)) return
    this.#seen.add(key)
    let text: string
    try {
      text = await this.#context.read(file)
    } catch (error) {
      throw unreadableRequirementsFile(
        { file: hideCredentials(file), from: from?.file, line: from?.line },
        { cause: error },
      )
    }
    if (!this.files.includes(file)) this.files.push(file)
    for (const { content, line } of logicalLines(text)) {
      const expanded = this.#expand(content)
      const fail = (problem: string, hint?: string, cause?: unknown): never => {
        throw invalidRequirementsLine(
          { file: hideCredentials(file), line, problem: hideCredentials(problem), hint: hint && hideCredentials(hint) },
          cause === undefined ? undefined : { cause },
        )
      }
      if (!expanded.startsWith('-')) {
        const { words, options } = splitOptions(expanded)
        this.#add(as, this.#requirement(words, options, { file, line, isEditable: false }, fail))
        continue
      }
      await this.#option(expanded, as, { file, line }, fail)
    }
  }

  #add(as: 'requirements' | 'constraints', requirement: RequirementLine): void {
    ;(as === 'requirements' ? this.requirements : this.constraints).push(requirement)
  }

  async #option(text: string, as: 'requirements' | 'constraints', place: Place, fail: Fail): Promise<void> {
    const words = splitWords(text, fail)
    while (words.length > 0) {
      const { name, value } = takeOption(words, fail)
      const relative = (path: string): string => (isUrl(path) || isAbsolute(path) ? path : joinPlace(place.file, path))
      switch (name) {
        case '-r':
          await this.include(relative(value!), as, place)
          break
        case '-c':
          await this.include(relative(value!), 'constraints', place)
          break
        case '-e':
          this.#add(as, this.#requirement(value!, words.splice(0), { ...place, isEditable: true }, fail))
          break
        case '-i':
          this.options.indexUrl = value!
          break
        case '--extra-index-url':
          this.options.extraIndexUrls.push(value!)
          break
        case '-f':
          this.options.findLinks.push(isUrl(value!) ? value! : findLinksPlace(place.file, value!))
          break
        case '--trusted-host':
          this.options.trustedHosts.push(value!)
          break
        case '--no-binary':
          this.options.noBinary.push(...value!.split(','))
          break
        case '--only-binary':
          this.options.onlyBinary.push(...value!.split(','))
          break
        case '--no-index':
          this.options.noIndex = true
          break
        case '--prefer-binary':
          this.options.preferBinary = true
          break
        case '--require-hashes':
          this.options.requireHashes = true
          break
        case '--pre':
          this.options.allowPrereleases = true
          break
        case '--use-feature':
          break
        default:
          fail(`\`${name}\` must follow a requirement`)
      }
    }
  }

  #requirement(
    text: string,
    optionWords: readonly string[],
    place: Place & { isEditable: boolean },
    fail: Fail,
  ): RequirementLine {
    const hashes: string[] = []
    const buildOptions: string[] = []
    const rest = optionWords.flatMap((word) => splitWords(word, fail))
    while (rest.length > 0) {
      const { name, value } = takeOption(rest, fail)
      if (name === '--hash') hashes.push(readHash(value!, fail))
      else if (name === '--config-settings' || name === '--global-option') buildOptions.push(`${name}=${value}`)
      else fail(`\`${name}\` cannot follow a requirement`)
    }
    const common = { file: place.file, line: place.line, text, isEditable: place.isEditable, hashes, buildOptions }
    const folder = this.#context.folder
    if (isUrl(text) || looksLikePath(text) || place.isEditable) return { ...common, ...unnamed(text, folder, fail) }
    const requirement = attempt(() => parseRequirement(text), fail)
    const reference = requirement.url === undefined ? undefined : parseDirectReference(requirement.url, folder)
    if (requirement.url !== undefined && !reference) fail(`\`${requirement.url}\` is not a URL`)
    return {
      ...common,
      name: requirement.normalizedName,
      extras: requirement.extras,
      marker: requirement.marker,
      requirement,
      reference,
    }
  }

  #expand(text: string): string {
    return text.replace(/\$\{([A-Z0-9_]+)\}/g, (whole, name: string) => {
      const value = this.#context.environment[name]
      if (value) return value
      this.unset.add(name)
      return whole
    })
  }
}

interface Place {
  readonly file: string
  readonly line: number
}

/** A URL or path, with extras behind it and a marker after ` ;`. */
function unnamed(
  text: string,
  folder: string,
  fail: Fail,
): Pick<RequirementLine, 'name' | 'extras' | 'marker' | 'reference'> {
  // `name @ URL` after `-e`, which newer pips take.
  const named = /^([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[[^\]]*\])?\s*@\s/.exec(text)
  if (named) {
    const requirement = attempt(() => parseRequirement(text), fail)
    const reference = parseDirectReference(requirement.url!, folder)
    if (!reference) fail(`\`${requirement.url}\` is not a URL`)
    return { name: requirement.normalizedName, extras: requirement.extras, marker: requirement.marker, reference }
  }
  const { before, marker: markerText } = splitMarker(text)
  const place = before.trim()
  const marker = markerText === undefined ? undefined : attempt(() => parseMarker(markerText), fail)
  const { path, extras: pathExtras } = splitExtras(place)
  const reference = parseDirectReference(path, folder)
  if (!reference) return fail(`\`${place}\` is neither a URL nor a path that can be read`)
  const egg = eggOf(place)
  const extras = [...pathExtras, ...(egg?.extras ?? [])].map((extra) => normalizeName(extra.trim()))
  return {
    name: egg ? normalizeName(egg.name) : nameFromFile(reference),
    extras: [...new Set(extras.filter((extra) => extra !== ''))].sort(),
    marker,
    reference,
  }
}

/** A wheel says in its name which distribution it is. */
function nameFromFile(reference: DirectReference): NormalizedName | undefined {
  if (reference.kind !== 'archive' || !reference.filename.endsWith('.whl')) return undefined
  return normalizeName(reference.filename.split('-')[0]!)
}

function looksLikePath(text: string): boolean {
  const beforeMarker = splitMarker(text).before.trim()
  if (/\s@\s/.test(beforeMarker)) return false
  const place = splitExtras(beforeMarker).path
  return (
    /^\.\.?(?:[\\/]|$)/.test(place) ||
    /^[a-z]:[\\/]/i.test(place) ||
    /^[^=<>!~;@]*[\\/]/.test(place) ||
    (isArchiveName(place) && !/[=<>!~]/.test(place))
  )
}

function attempt<Value>(work: () => Value, fail: Fail): Value {
  try {
    return work()
  } catch (error) {
    return error instanceof ZipyardError ? fail(error.message, error.hint, error) : fail(String(error))
  }
}

/** A file named in another: beside it, or under the same URL. */
function joinPlace(from: string, path: string): string {
  return isUrl(from) ? new URL(path, from).href : join(dirname(from), path)
}

function findLinksPlace(from: string, path: string): string {
  return isAbsolute(path) || isUrl(from) ? path : join(dirname(from), path)
}
