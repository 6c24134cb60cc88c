import { PassThrough } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { FrameSplitter, LineSplitter, readLogPipes, type LogEvent } from './log-pipe.ts'

function frame(text: string, claimedBytes = Buffer.byteLength(text)): Buffer {
  const head = Buffer.alloc(16)
  head.writeUInt32BE(0xa55a0003, 0)
  head.writeUInt32BE(claimedBytes, 4)
  head.writeBigUInt64BE(1_500_000n, 8)
  return Buffer.concat([head, Buffer.from(text)])
}

/** What comes out when the bytes come in pieces of this many. */
function framesOf(bytes: Buffer, pieceBytes: number): LogEvent[] {
  const events: LogEvent[] = []
  const splitter = new FrameSplitter((event) => events.push(event))
  for (let at = 0; at < bytes.length; at += pieceBytes) splitter.write(bytes.subarray(at, at + pieceBytes))
  return events
}

test.each([1, 7, 16, 17, 1000])('frames come out whole, however they are cut: %d bytes at a time', (pieceBytes) => {
  const bytes = Buffer.concat([frame('one\nand two\n'), frame(''), frame('grüße'), frame('x'.repeat(300))])
  expect(framesOf(bytes, pieceBytes)).toEqual([
    { timestamp: 1500, message: 'one\nand two\n' },
    { timestamp: 1500, message: 'grüße\n' },
    { timestamp: 1500, message: `${'x'.repeat(300)}\n` },
  ])
})

test('a frame that says it is four gigabytes long is handed on as it comes, and not kept', () => {
  const events: LogEvent[] = []
  const splitter = new FrameSplitter((event) => events.push(event))
  splitter.write(frame('', 0xffff_ffff))
  const chunk = Buffer.alloc(64 * 1024, 'x')
  for (let count = 0; count < 64; count += 1) splitter.write(chunk)
  expect(events.map(({ message }) => message.length)).toEqual(Array.from({ length: 16 }, () => 256 * 1024 + 1))
})

test('a frame tells of the end of an extension with the status that its shell saw, and is no event', () => {
  const statuses: number[] = []
  const events: LogEvent[] = []
  const splitter = new FrameSplitter((event) => events.push(event), {
    extensionEnded: (status) => statuses.push(status),
  })
  for (const status of [0, 3, 137])
    splitter.write(Buffer.from([0xa5, 0x5a, 0xff, 0xfe, ...Array<number>(11).fill(0), status]))
  expect([statuses, events]).toEqual([[0, 3, 137], []])
})

test('what is no frame is dropped; the next chunk may be one', () => {
  const events: LogEvent[] = []
  const splitter = new FrameSplitter((event) => events.push(event))
  splitter.write(Buffer.from('somebody wrote to the descriptor'))
  splitter.write(frame('a frame'))
  expect(events.map(({ message }) => message)).toEqual(['a frame\n'])
})

test.each([1, 3, 100])(
  'lines come out whole, empty ones are none, however they are cut: %d bytes at a time',
  (pieceBytes) => {
    const lines: string[] = []
    const splitter = new LineSplitter(
      () => 0,
      ({ message }) => lines.push(message),
    )
    const bytes = Buffer.from('\n\none\n\ntwo\r\n\n\n grüße\nlast')
    for (let at = 0; at < bytes.length; at += pieceBytes) splitter.write(bytes.subarray(at, at + pieceBytes))
    splitter.flush()
    splitter.flush()
    expect(lines).toEqual(['one\n', 'two\r\n', ' grüße\n', 'last\n'])
  },
)

test('an endless line becomes events of 256 KB', () => {
  const lengths: number[] = []
  const splitter = new LineSplitter(
    () => 0,
    ({ message }) => lengths.push(message.length),
  )
  for (let count = 0; count < 16; count += 1) splitter.write(Buffer.alloc(64 * 1024, 'x'))
  splitter.flush()
  expect(lengths).toEqual(Array.from({ length: 4 }, () => 256 * 1024 + 1))
})

test('nothing is read while there is no room; what was written before an answer is heard all the same, in order', async () => {
  const process = { stdout: new PassThrough(), stderr: new PassThrough(), telemetry: new PassThrough() }
  const heard: string[] = []
  let makeRoom!: () => void
  let wait: Promise<void> | undefined
  const pipes = readLogPipes(
    process,
    () => 0,
    ({ message }) => heard.push(message.trim()),
    {},
    () => wait,
  )
  wait = new Promise((resolve) => (makeRoom = resolve))
  process.stdout.write('one\n')
  await turn()
  process.stdout.write('two\n')
  await turn()
  await turn()
  expect(heard).toEqual(['one'])

  pipes.settle(() => heard.push('settled'))
  pipes.settle(() => heard.push('settled again'))
  for (let count = 0; count < 4; count += 1) await turn()
  expect(heard).toEqual(['one', 'two', 'settled', 'settled again'])

  process.stdout.write('three\n')
  process.stdout.write('four\n')
  await turn()
  await turn()
  wait = undefined
  makeRoom()
  await turn()
  await turn()
  expect(heard.slice(4)).toEqual(['three', 'four'])
})
