/**
 * The life of an execution environment.
 *
 * created → init → ready ⇄ busy, and from anywhere to reset (its process ended, `/tmp` stays), stopping and dead.
 * `init-failed` remembers that the first Init went wrong: the invocation that it answers runs Init once more.
 */
export type EnvironmentState = 'created' | 'init' | 'init-failed' | 'ready' | 'busy' | 'reset' | 'stopping' | 'dead'

const transitions: Readonly<Record<EnvironmentState, readonly EnvironmentState[]>> = {
  created: ['init', 'stopping', 'dead'],
  init: ['ready', 'init-failed', 'stopping', 'dead'],
  'init-failed': ['busy', 'stopping', 'dead'],
  ready: ['busy', 'reset', 'stopping', 'dead'],
  busy: ['ready', 'reset', 'stopping', 'dead'],
  reset: ['busy', 'stopping', 'dead'],
  stopping: ['dead'],
  dead: [],
}

/** Whether an environment may go from one state to the other. */
export function canBecome(from: EnvironmentState, to: EnvironmentState): boolean {
  return transitions[from].includes(to)
}

/** Whether an invocation may be given to it now. */
export function isLeasable(state: EnvironmentState): boolean {
  return state === 'ready' || state === 'reset' || state === 'init-failed'
}

/** The state as `zipyard ps` names it. */
export function shownState(state: EnvironmentState): 'starting' | 'ready' | 'busy' | 'stopping' {
  return shown[state]
}

const shown = {
  created: 'starting',
  init: 'starting',
  'init-failed': 'ready',
  ready: 'ready',
  busy: 'busy',
  reset: 'ready',
  stopping: 'stopping',
  dead: 'stopping',
} as const
