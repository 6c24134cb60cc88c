import { expect, test } from 'vitest'
import { createTerminal } from './terminal.ts'

/** A terminal whose two outputs are kept apart. */
function terminal(environment: Record<string, string>, quiet = false, isTTY = true) {
  const written = { out: '', err: '' }
  const output = (name: 'out' | 'err') => ({
    isTTY,
    columns: 40,
    write: (chunk: string | Uint8Array) => ((written[name] += String(chunk)), true),
  })
  return { ...createTerminal(output('out'), output('err'), environment, quiet), written }
}

test.each([
  [{}, true],
  [{ NO_COLOR: '1' }, false],
  [{ TERM: 'dumb' }, false],
  [{ FORCE_COLOR: '1', NO_COLOR: '1' }, true],
  [{ FORCE_COLOR: '0' }, true],
])('on a terminal with %j colours are used: %s', (environment, isColoured) => {
  expect(terminal(environment).style.red('x') !== 'x').toBe(isColoured)
})

test('in a pipe nothing is coloured and nothing is redrawn', () => {
  const piped = terminal({}, false, false)
  expect(piped.style.red('x')).toBe('x')
  piped.status('fetching 10 %')
  expect(piped.written).toEqual({ out: '', err: '' })
})

test('a line that is redrawn never outlives the next one, is cut to the width, and is not for CI', () => {
  const { status, out, written } = terminal({})
  status('fetching '.repeat(10))
  expect(written.err).toHaveLength(39)
  out('done')
  expect(written).toEqual({ out: 'done\n', err: `${'fetching '.repeat(10).slice(0, 39)}\r\u001B[2K` })
  expect(terminal({ CI: 'true' }).isInteractive).toBe(false)
})

test('--quiet keeps the result and what a program reads, and drops what is for the person', () => {
  const { out, err, annotate, written } = terminal({}, true)
  err('building')
  annotate('::error title=ZY1401::`yaml` is not in the package')
  out('dist/hello.zip')
  expect(written).toEqual({ out: 'dist/hello.zip\n', err: '::error title=ZY1401::`yaml` is not in the package\n' })
})
