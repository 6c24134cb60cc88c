/** Where a package's dependencies are declared. Found in the project, or named by a flag. */
export type DependencyInput =
  | { readonly kind: 'none' }
  /** Requirements files, in the order given. */
  | { readonly kind: 'requirements'; readonly files: readonly string[] }
  /** PEP 621 metadata, with optional dependencies and dependency groups that were asked for. */
  | {
      readonly kind: 'pyproject'
      readonly file: string
      readonly extras: readonly string[]
      readonly groups: readonly string[]
    }
  /** PEP 723 metadata inside a script. */
  | { readonly kind: 'script'; readonly file: string }
  /** Requirements that stand in no file. */
  | { readonly kind: 'lines'; readonly lines: readonly string[] }
  /** Exact versions with their digests, in the syntax of requirements files, that stand in no file. No resolver is needed. */
  | { readonly kind: 'pins'; readonly lines: readonly string[] }
  /** A lock that another tool wrote; it is read natively and no resolver runs. */
  | {
      readonly kind: 'lock'
      readonly file: string
      readonly extras: readonly string[]
      readonly groups: readonly string[]
    }
  /** A virtual environment: what is installed there. */
  | { readonly kind: 'venv'; readonly folder: string }
  /** A folder that an installer filled (`pip install --target`). */
  | { readonly kind: 'package'; readonly folder: string }

/** Inputs that a resolver has to decide. */
export type ResolvableInput = Extract<DependencyInput, { kind: 'requirements' | 'pyproject' | 'script' | 'lines' }>

export function isResolvable(input: DependencyInput): input is ResolvableInput {
  return (
    input.kind === 'requirements' || input.kind === 'pyproject' || input.kind === 'script' || input.kind === 'lines'
  )
}

/** @example describeInput({ kind: 'requirements', files: ['/p/requirements.txt'] }, '/p') // 'requirements.txt' */
export function describeInput(input: DependencyInput, relativeTo: (path: string) => string): string {
  switch (input.kind) {
    case 'none':
      return 'no dependencies'
    case 'requirements':
      return input.files.map(relativeTo).join(', ')
    case 'lines':
    case 'pins':
      return input.lines.join(', ')
    case 'venv':
    case 'package':
      return relativeTo(input.folder)
    default:
      return relativeTo(input.file)
  }
}
