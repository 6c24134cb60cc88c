/** What the service says about itself, on stderr. Never carries a function's environment values, keys or signatures. */
export interface Log {
  debug(event: string, fields?: LogFields): void
  info(event: string, fields?: LogFields): void
  warn(event: string, fields?: LogFields): void
  error(event: string, fields?: LogFields): void
}

export type LogFields = Readonly<Record<string, unknown>>
export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

const order: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 }

/** Writes one line per event: `12:00:00.000 info  function created name=hello`, or a JSON object per line. */
export function createLog(options: {
  readonly level: LogLevel
  readonly json: boolean
  readonly write: (line: string) => void
}): Log {
  const say =
    (level: LogLevel) =>
    (event: string, fields: LogFields = {}): void => {
      if (order[level] < order[options.level]) return
      const time = new Date().toISOString()
      options.write(
        options.json
          ? `${JSON.stringify({ time, level, event, ...fields })}\n`
          : `${time.slice(11, 23)} ${level.padEnd(5)} ${event}${formatFields(fields)}\n`,
      )
    }
  return { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') }
}

export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} }

function formatFields(fields: LogFields): string {
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(
      ([key, value]) => ` ${key}=${typeof value === 'string' && /^\S+$/.test(value) ? value : JSON.stringify(value)}`,
    )
    .join('')
}
