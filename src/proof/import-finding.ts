import type { DocumentedRule } from '../audit/documentation.ts'
import { defineFinding, type Finding } from '../audit/finding.ts'
import type { ImportProof } from './import-proof.ts'

const notImported = defineFinding('ZY1190', {
  severity: 'error',
  title: 'The handler cannot be imported',
  why: 'It was imported by the Python of the runtime, in the sandbox of the service, and this is what every invocation would answer.',
  text: (p: { error: string; during: string | undefined; python: string }) => ({
    sentence: `Python ${p.python} cannot import the handler: ${p.error}`,
    hint: p.during ?? 'The findings beside it tell what is missing; what was printed meanwhile is shown with it',
  }),
  sample: {
    error: "Runtime.ImportModuleError: Unable to import module 'app': No module named 'requests'",
    during: undefined,
    python: '3.13.0',
  },
})

const slow = defineFinding('ZY1191', {
  severity: 'warning',
  certainty: 'likely',
  title: 'The import takes longer than Lambda gives it at start',
  why: 'Init ends after 10 seconds and is begun again inside the first invocation, where it counts against the timeout of the function.',
  text: (p: { seconds: string }) => ({
    sentence: `Importing the handler took ${p.seconds} s on this machine, Init on Lambda may take 10 s`,
    hint: '`--profile FILE.svg` shows where the time goes',
  }),
  sample: { seconds: '12.5' },
})

export const importProof: DocumentedRule = {
  name: 'import-proof',
  summary:
    'Does the handler really import, and soon enough? Asked only with `--import`, which executes it in the sandbox.',
  findings: [notImported, slow],
}

/** What the proof adds to the findings of the audit; these are marked *run*. */
export function importFindings(proof: ImportProof): readonly Finding[] {
  if (proof.proof === 'inspection') return []
  const { error, python, tookMicros } = proof
  if (error) {
    const { errorType, errorMessage, stackTrace } = error
    const details = { error: `${errorType}: ${errorMessage}`.replaceAll('\n', ' '), during: stackTrace.at(-1)?.trim().replaceAll(/\s*\n\s*/g, ': '), python } // prettier-ignore
    return [{ ...notImported(details), proof: 'run' }]
  }
  if (tookMicros <= 10_000_000) return []
  return [{ ...slow({ seconds: (tookMicros / 1e6).toFixed(1) }), proof: 'run' }]
}
