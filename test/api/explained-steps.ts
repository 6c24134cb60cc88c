/** Where Zipyard answers otherwise than AWS did, and why. Printed with the score; a step that is not listed here must be the same. */
export interface ExplainedStep {
  readonly topic: string
  readonly recording: string
  /** All steps of the recording when absent. */
  readonly step?: number
  readonly because: string
}

export const explainedSteps: readonly ExplainedStep[] = []
