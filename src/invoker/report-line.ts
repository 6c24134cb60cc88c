/**
 * The lines with which the platform itself speaks in a function's log: INIT_START, EXTENSION, START, END, REPORT, INIT_REPORT, as text or JSON.
 *
 * Source: recordings of November 2025 (text), the runtime interface emulator and the developer guide (JSON). Tabs are literal; REPORT has one before its end.
 */
import { mebibyte } from '../base/byte-size.ts'
import { runtimeVersionArn } from '../lambda/runtime-version.ts'
import type { ReadyExtension } from './extensions.ts'
import type { InitializationType } from './guest-environment.ts'

export interface InvocationReport {
  readonly requestId: string
  readonly version: string
  readonly durationMs: number
  readonly memoryMiB: number
  readonly maxMemoryBytes: number
  /** Only for the first invocation of an environment whose Init succeeded. */
  readonly initDurationMs?: number | undefined
  readonly status: 'success' | 'failure' | 'error' | 'timeout'
  readonly errorType?: string | undefined
  /** `Root=…;Parent=…;Sampled=1` when the invocation is traced. */
  readonly traceHeader?: string | undefined
}

export interface InitReport {
  readonly durationMs: number
  readonly phase: 'init' | 'invoke'
  readonly initializationType: InitializationType
  readonly status: 'success' | 'error' | 'timeout'
  readonly errorType?: string | undefined
}

export interface PlatformLines {
  initStart(runtime: string, region: string, initializationType: InitializationType, at: number): string
  extensionReady(extension: ReadyExtension, at: number): string
  start(requestId: string, version: string, at: number): string
  end(report: InvocationReport, at: number): string
  report(report: InvocationReport, at: number): string
  /** Text has no such line. */
  initRuntimeDone?(report: InitReport, at: number): string
  initReport(report: InitReport, at: number): string
  /** A sentence of the platform: a timeout, an exit. */
  fault(text: string, at: number): string
}

export const textLines: PlatformLines = {
  initStart: (runtime, region) =>
    `INIT_START Runtime Version: ${runtimeVersionOf(runtime)}\tRuntime Version ARN: ${runtimeVersionArn(region, runtime)}\n`,
  extensionReady: ({ name, events }) => `EXTENSION\tName: ${name}\tState: Ready\tEvents: [${events.join(', ')}]\n`,
  start: (requestId, version) => `START RequestId: ${requestId} Version: ${version}\n`,
  end: ({ requestId }) => `END RequestId: ${requestId}\n`,
  report(report) {
    let line = `REPORT RequestId: ${report.requestId}\tDuration: ${report.durationMs.toFixed(2)} ms\tBilled Duration: ${Math.ceil(report.durationMs)} ms\tMemory Size: ${report.memoryMiB} MB\tMax Memory Used: ${maxMemoryMiB(report)} MB\t`
    if (report.initDurationMs !== undefined) line += `Init Duration: ${report.initDurationMs.toFixed(2)} ms\t`
    if (report.status === 'timeout' || report.status === 'error') line += `Status: ${report.status}\t`
    if (report.status === 'error' && report.errorType !== undefined) line += `Error Type: ${report.errorType}\t`
    if (report.traceHeader?.includes('Sampled=1'))
      line += `XRAY TraceId: ${rootOf(report.traceHeader)}\tSampled: true\t`
    return `${line}\n`
  },
  initReport(report) {
    const type = report.status !== 'error' || report.errorType === undefined ? '' : `\tError Type: ${report.errorType}`
    return `INIT_REPORT Init Duration: ${report.durationMs.toFixed(2)} ms\tPhase: ${report.phase}\tStatus: ${report.status}${type}\n`
  },
  fault: (text) => `${text}\n`,
}

export const jsonLines: PlatformLines = {
  initStart: (runtime, region, initializationType, at) =>
    record(at, 'platform.initStart', {
      initializationType,
      phase: 'init',
      runtimeVersion: runtimeVersionOf(runtime),
      runtimeVersionArn: runtimeVersionArn(region, runtime),
    }),
  extensionReady: ({ name, events }, at) => record(at, 'platform.extension', { name, state: 'Ready', events }),
  start: (requestId, version, at) => record(at, 'platform.start', { requestId, version }),
  end: ({ requestId, status, errorType }, at) =>
    record(at, 'platform.runtimeDone', { requestId, status, ...(errorType === undefined ? {} : { errorType }) }),
  report: (report, at) =>
    record(at, 'platform.report', {
      requestId: report.requestId,
      metrics: {
        durationMs: round(report.durationMs),
        billedDurationMs: Math.ceil(report.durationMs),
        memorySizeMB: report.memoryMiB,
        maxMemoryUsedMB: maxMemoryMiB(report),
        ...(report.initDurationMs === undefined ? {} : { initDurationMs: round(report.initDurationMs) }),
      },
      status: report.status,
      ...(report.errorType === undefined ? {} : { errorType: report.errorType }),
    }),
  initRuntimeDone: (report, at) => record(at, 'platform.initRuntimeDone', outcomeOf(report)),
  initReport: (report, at) =>
    record(at, 'platform.initReport', { ...outcomeOf(report), metrics: { durationMs: round(report.durationMs) } }),
  fault: (text, at) => record(at, 'platform.fault', text),
}

function outcomeOf({ initializationType, phase, status, errorType }: InitReport): object {
  return { initializationType, phase, status, ...(status === 'error' && errorType !== undefined && { errorType }) }
}

/** `python:3.13.v1`: AWS counts its builds, we have one. */
function runtimeVersionOf(runtime: string): string {
  const match = /^([a-z]+)(\d.*)$/.exec(runtime)
  return match ? `${match[1]}:${match[2]}.v1` : `${runtime}.v1`
}

function maxMemoryMiB(report: InvocationReport): number {
  // A killed process was over the limit for an instant; AWS prints the limit.
  return Math.min(Math.max(1, Math.ceil(report.maxMemoryBytes / mebibyte)), report.memoryMiB)
}

function record(at: number, type: string, value: unknown): string {
  return `${JSON.stringify({ time: new Date(at).toISOString(), type, record: value })}\n`
}

function round(milliseconds: number): number {
  return Math.round(milliseconds * 1000) / 1000
}

function rootOf(traceHeader: string): string {
  return /Root=([^;]+)/.exec(traceHeader)?.[1] ?? ''
}
