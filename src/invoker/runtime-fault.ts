/** What Lambda answers when the runtime could not: the bodies of the platform, with the type before the message. */
import { constants } from 'node:os'
import { responsePayloadLimit } from '../lambda/quotas.ts'
import type { ExitStatus } from '../sandbox/sandbox.ts'

export interface RuntimeFault {
  /** `Runtime.ExitError`, `Sandbox.Timedout` … also what REPORT names as `Error Type`. */
  readonly errorType: string
  readonly payload: Buffer
  /** The platform's words in the log, without the line end. */
  readonly logText: string
}

/** Names Go gives to signals, as the platform prints them. */
const signalNames: Readonly<Record<string, string>> = {
  SIGHUP: 'hangup',
  SIGINT: 'interrupt',
  SIGQUIT: 'quit',
  SIGILL: 'illegal instruction',
  SIGTRAP: 'trace/breakpoint trap',
  SIGABRT: 'aborted',
  SIGBUS: 'bus error',
  SIGFPE: 'floating point exception',
  SIGKILL: 'killed',
  SIGUSR1: 'user defined signal 1',
  SIGSEGV: 'segmentation fault',
  SIGUSR2: 'user defined signal 2',
  SIGPIPE: 'broken pipe',
  SIGALRM: 'alarm clock',
  SIGTERM: 'terminated',
  SIGSYS: 'bad system call',
  SIGXCPU: 'CPU time limit exceeded',
  SIGXFSZ: 'file size limit exceeded',
}

/** How the platform names a signal by its number; `undefined` when there is none of that number. */
export function signalNameOf(number: number): string | undefined {
  const name = Object.entries(constants.signals).find(([, value]) => value === number)?.[0]
  return name === undefined ? undefined : (signalNames[name] ?? name)
}

/** The process ended without an answer. Recorded: exit 0 and exit 127; signals as the runtime interface emulator prints them. */
export function exitFault(requestId: string, status: ExitStatus): RuntimeFault {
  const how = describeExit(status)
  return platformFault(
    'Runtime.ExitError',
    requestId,
    how === undefined ? 'Runtime exited without providing a reason' : `Runtime exited with error: ${how}`,
  )
}

function describeExit(status: ExitStatus): string | undefined {
  if (status.outOfMemory) return 'signal: killed'
  if (status.signal !== undefined) return `signal: ${signalNames[status.signal] ?? status.signal}`
  return status.code ? `exit status ${status.code}` : undefined
}

/** Recorded in November 2025: two decimals, the configured timeout, not the time that passed. */
export function timeoutFault(requestId: string, timeoutSeconds: number): RuntimeFault {
  return platformFault('Sandbox.Timedout', requestId, `Task timed out after ${timeoutSeconds.toFixed(2)} seconds`)
}

export function responseTooLargeFault(): RuntimeFault {
  const errorType = 'Function.ResponseSizeTooLarge'
  const errorMessage = `Response payload size exceeded maximum allowed payload size (${responsePayloadLimit} bytes).`
  return {
    errorType,
    payload: Buffer.from(JSON.stringify({ errorMessage, errorType })),
    logText: `${errorMessage}\n${errorType}`,
  }
}

/** `text` after `RequestId: … Error: `. */
export function platformFault(errorType: string, requestId: string, text: string): RuntimeFault {
  const errorMessage = `RequestId: ${requestId} Error: ${text}`
  return {
    errorType,
    payload: Buffer.from(JSON.stringify({ errorType, errorMessage })),
    logText: `${errorMessage}\n${errorType}`,
  }
}
