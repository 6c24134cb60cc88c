/** Functions that are created, updated, published and deleted until the service is gone, and what each may be afterwards. */
import { createHash } from 'node:crypto'
import { call, type Answer, type Endpoint } from '../api/api-client.ts'
import { archive } from './archive.ts'

export type Change = 'create' | 'update' | 'configure' | 'publish' | 'delete'

/** What is seen of a function: the code and description of `$LATEST` (version 0) and of each published version. Absent: no versions. */
type Versions = Readonly<Record<number, { readonly code: string; readonly description: string }>>

interface Expectation {
  answered: Versions
  /** What was sent and not answered yet would make of it. */
  pending: Versions | undefined
}

const random = (limit: number): number => Math.floor(Math.random() * limit)

/** Its size goes from one step to the worker's. */
function packageOf(sequence: number): Buffer {
  return archive({
    'app.py': `def main(event, context):\n    return ${sequence}\n`,
    'padding.bin': pseudoRandom(sequence, [500, 60_000, 1_400_000][sequence % 3]!),
  })
}

/** Bytes that deflate cannot make small. */
function pseudoRandom(seed: number, length: number): Buffer {
  const block = createHash('sha512').update(String(seed)).digest()
  const bytes = Buffer.alloc(length, block)
  for (let at = 0; at < length; at += 7) bytes[at] = (bytes[at]! ^ (at * 2_654_435_761)) & 255
  return bytes
}

export class FunctionLoad {
  /** How often each change was answered. */
  readonly answers: Record<Change, number> = { create: 0, update: 0, configure: 0, publish: 0, delete: 0 }
  readonly #expectations = new Map<string, Expectation>()
  #sequence = 0

  /** Works on functions of its own until the service is gone. */
  async work(endpoint: Endpoint, prefix: string): Promise<void> {
    for (;;) {
      const name = `${prefix}-${random(3)}`
      const expectation = this.#expectations.get(name) ?? { answered: {}, pending: undefined }
      this.#expectations.set(name, expectation)
      const { change, after, send } = this.#next(endpoint, name, expectation.answered)
      expectation.pending = after
      const answer = await send().catch(() => undefined)
      if (!answer) return
      // A creation or an update is still under way: nothing was changed.
      if (answer.status === 409) await new Promise((resolve) => setTimeout(resolve, 20))
      else if (answer.status >= 300) throw new Error(`${change} ${name}: ${answer.status} ${String(answer.body)}`)
      else {
        expectation.answered = after
        this.answers[change] += 1
      }
      expectation.pending = undefined
    }
  }

  /** Every function is what was answered last, or what was on its way when the service died; then that is what counts. */
  async check(endpoint: Endpoint): Promise<string[]> {
    const wrong: string[] = []
    for (const [name, expectation] of this.#expectations) {
      const found = await versionsOf(endpoint, name)
      const allowed = [expectation.answered, ...(expectation.pending ? [expectation.pending] : [])]
      if (!allowed.some((one) => JSON.stringify(one) === JSON.stringify(found)))
        wrong.push(`${name}: ${JSON.stringify(found)}, expected one of ${JSON.stringify(allowed)}`)
      Object.assign(expectation, { answered: found, pending: undefined })
    }
    const listed = JSON.parse((await call(endpoint, 'ListFunctions', {})).body.toString()) as {
      Functions: { FunctionName: string }[]
    }
    const names = listed.Functions.map((one) => one.FunctionName)
    const expected = this.#live().map(([name]) => name)
    if (names.toSorted().join() !== expected.toSorted().join())
      wrong.push(`ListFunctions: ${names}, expected ${expected}`)
    return wrong
  }

  /** Waits until everything is ready, invokes it and downloads every version's package. */
  async use(endpoint: Endpoint): Promise<string[]> {
    const wrong: string[] = []
    for (const [name, versions] of this.#live()) {
      for (const [number, { code }] of Object.entries(versions)) {
        const target = { FunctionName: name, Qualifier: number === '0' ? '$LATEST' : number }
        for (;;) {
          const { Configuration, Code } = JSON.parse((await call(endpoint, 'GetFunction', target)).body.toString()) as {
            Configuration: { State: string; LastUpdateStatus?: string }
            Code: { Location: string }
          }
          if (Configuration.State === 'Pending' || Configuration.LastUpdateStatus === 'InProgress') {
            await new Promise((resolve) => setTimeout(resolve, 20))
            continue
          }
          const bytes = Buffer.from(await (await fetch(Code.Location)).arrayBuffer())
          const digest = createHash('sha256').update(bytes).digest('base64')
          const answer = await call(endpoint, 'Invoke', { ...target, Payload: '{}' })
          const isWhole = Configuration.State === 'Active' && digest === code
          if (!isWhole || answer.status !== 200 || answer.headers['x-amz-function-error'])
            wrong.push(`${name}:${number}: ${Configuration.State} ${digest} ${answer.status} ${String(answer.body)}`)
          break
        }
      }
    }
    return wrong
  }

  /** SHA-256 of every package that a version still names. */
  digests(): ReadonlySet<string> {
    const codes = this.#live().flatMap(([, versions]) => Object.values(versions).map(({ code }) => code))
    return new Set(codes.map((code) => Buffer.from(code, 'base64').toString('hex')))
  }

  #live(): [string, Versions][] {
    return [...this.#expectations]
      .filter(([, { answered }]) => answered[0])
      .map(([name, { answered }]) => [name, answered])
  }

  #next(
    endpoint: Endpoint,
    FunctionName: string,
    versions: Versions,
  ): { change: Change; after: Versions; send: () => Promise<Answer> } {
    const latest = versions[0]
    const ZipFile = packageOf((this.#sequence += 1))
    const code = createHash('sha256').update(ZipFile).digest('base64')
    if (!latest) {
      return {
        change: 'create',
        after: { 0: { code, description: '' } },
        send: () =>
          call(endpoint, 'CreateFunction', {
            FunctionName,
            Runtime: 'python3.11',
            Handler: 'app.main',
            Role: 'arn:aws:iam::123456789012:role/r',
            Code: { ZipFile },
          }),
      }
    }
    const change = (['update', 'update', 'configure', 'publish', 'publish', 'delete'] as const)[random(6)]!
    switch (change) {
      case 'update': {
        const after = { ...versions, 0: { ...latest, code } }
        return { change, after, send: () => call(endpoint, 'UpdateFunctionCode', { FunctionName, ZipFile }) }
      }
      case 'configure': {
        const description = `the ${this.#sequence}th`
        const after = { ...versions, 0: { ...latest, description } }
        const input = { FunctionName, Description: description }
        return { change, after, send: () => call(endpoint, 'UpdateFunctionConfiguration', input) }
      }
      case 'publish': {
        const newest = Math.max(...Object.keys(versions).map(Number))
        // What is already published is not published again.
        const isPublished = newest > 0 && JSON.stringify(versions[newest]) === JSON.stringify(latest)
        const after = isPublished ? versions : { ...versions, [newest + 1]: latest }
        return { change, after, send: () => call(endpoint, 'PublishVersion', { FunctionName }) }
      }
      case 'delete':
        return { change, after: {}, send: () => call(endpoint, 'DeleteFunction', { FunctionName }) }
    }
  }
}

async function versionsOf(endpoint: Endpoint, FunctionName: string): Promise<Versions> {
  const answer = await call(endpoint, 'ListVersionsByFunction', { FunctionName })
  if (answer.status === 404) return {}
  const { Versions: list } = JSON.parse(answer.body.toString()) as {
    Versions: { Version: string; CodeSha256: string; Description: string }[]
  }
  return Object.fromEntries(
    list.map((one) => [
      one.Version === '$LATEST' ? 0 : Number(one.Version),
      { code: one.CodeSha256, description: one.Description },
    ]),
  )
}
