/** How bad it is: an `error` will not run on Lambda, a `warning` may not, an `info` is worth knowing. */
export type Severity = 'error' | 'warning' | 'info'

/** One thing that a rule found, ready to be shown and to be serialised. */
export interface Finding {
  /** Stable across releases: `ZY1001`. */
  readonly code: string
  readonly severity: Severity
  /** One sentence without a full stop; found and expected in backticks. */
  readonly sentence: string
  /** What to do now. */
  readonly hint: string
  /** Path in the package. */
  readonly file?: string | undefined
  /** Line of `file`, from 1. */
  readonly line?: number | undefined
  /** Name of the distribution that brought it. */
  readonly distribution?: string | undefined
  /** `certain` follows from the files alone; `likely` rests on data that may have changed or on code that may not be reached. */
  readonly certainty: 'certain' | 'likely'
  /** `inspection`: reasoned about; `run`: it happened, in the import proof. */
  readonly proof: 'inspection' | 'run'
}

export interface FindingText {
  readonly sentence: string
  readonly hint: string
}

export interface FindingPlace {
  readonly file?: string | undefined
  readonly line?: number | undefined
  readonly distribution?: string | undefined
}

/** A finding as it is defined once, beside its rule; the documentation page is printed from it. */
export interface FindingDefinition<Details = never> {
  (details: Details, place?: FindingPlace): Finding
  readonly code: string
  readonly severity: Severity
  readonly title: string
  readonly why: string
  readonly certainty: 'certain' | 'likely'
  /** A finding of this kind as a person sees it, from an ordinary package. */
  readonly sample: Finding
}

/** What the documentation needs of a definition, whatever its details. */
export type DocumentedFinding = Omit<FindingDefinition, never>

interface FindingOptions<Details> {
  readonly severity: Severity
  /** What is the matter, as a heading. */
  readonly title: string
  /** What happens on Lambda and why; a paragraph. */
  readonly why: string
  readonly certainty?: 'certain' | 'likely' | undefined
  readonly text: (details: Details) => FindingText
  readonly sample: NoInfer<Details>
}

/**
 * Defines a finding once.
 * @example
 * const duplicate = defineFinding('ZY1602', { severity: 'warning', title: …, why: …, text: (p: { name: string }) => ({ … }), sample: { name: 'app.py' } })
 * yield duplicate({ name: 'app.py' }, { file: 'app.py' })
 */
export function defineFinding<Details>(
  code: `ZY1${number}`,
  options: FindingOptions<Details>,
): FindingDefinition<Details> {
  const { severity, title, why, certainty = 'certain', text, sample } = options
  const make = (details: Details, place: FindingPlace = {}): Finding => ({
    code,
    severity,
    ...text(details),
    ...Object.fromEntries(Object.entries(place).filter(([, value]) => value !== undefined)),
    certainty,
    proof: 'inspection',
  })
  return Object.assign(make, { code, severity, title, why, certainty, sample: make(sample) })
}
