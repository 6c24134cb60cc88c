/** Finds the operation of a request in the model's table: by method and path, and by a literal query where two share a path. */
import { recalling } from '../../base/recall.ts'
import { operationModels } from './model/model.gen.ts'

export interface Route {
  readonly operation: string
  /** Values of the path's placeholders, percent-decoded. */
  readonly labels: Readonly<Record<string, string>>
}

interface Pattern {
  readonly operation: string
  readonly method: string
  readonly segments: readonly string[]
  readonly query: readonly [name: string, value: string][]
}

const patterns: readonly Pattern[] = Object.entries(operationModels)
  .map(([operation, { method, uri }]) => {
    const [path, query = ''] = uri.split('?') as [string, string?]
    return { operation, method, segments: path.split('/').slice(1), query: [...new URLSearchParams(query)] }
  })
  // A literal query, then literal segments, win over placeholders.
  .sort((a, b) => b.query.length - a.query.length || placeholders(a) - placeholders(b))

const byShape = new Map<string, Pattern[]>()
for (const pattern of patterns) {
  const key = `${pattern.method} ${pattern.segments.length} ${pattern.segments[0]}`
  byShape.set(key, [...(byShape.get(key) ?? []), pattern])
}

/** @param path as sent, percent-encoded: an ARN with `%2F` in a placeholder is one segment */
export function route(method: string, path: string, query: URLSearchParams): Route | undefined {
  return query.size > 0 ? findRoute(method, path, query) : recallRoute(method, path)
}

/** Without a query: clients ask for the same few paths, and each request is routed more than once. */
function recallRoute(method: string, path: string): Route | undefined {
  const known = routesOf[method]
  return known ? known(path) : findRoute(method, path, noQuery)
}

const routesOf: Readonly<Record<string, (path: string) => Route | undefined>> = Object.fromEntries(
  ['GET', 'POST', 'PUT', 'DELETE'].map((method) => [
    method,
    recalling((path) => findRoute(method, path, noQuery), 500),
  ]),
)

const noQuery = new URLSearchParams()

function findRoute(method: string, path: string, query: URLSearchParams): Route | undefined {
  const segments = path
    .replace(/(?<=.)\/$/, '')
    .split('/')
    .slice(1)
  const candidates = byShape.get(`${method} ${segments.length} ${segments[0]}`) ?? []
  for (const pattern of candidates) {
    if (!pattern.query.every(([name, value]) => query.get(name) === value)) continue
    const labels = match(pattern.segments, segments)
    if (labels) return { operation: pattern.operation, labels }
  }
  // The ARN of a tagged resource may hold slashes that the client left as they are.
  return segments.length > 3 && segments[1] === 'tags'
    ? route(
        method,
        `/${segments.slice(0, 2).join('/')}/${encodeURIComponent(decodeURIComponent(segments.slice(2).join('/')))}`,
        query,
      )
    : undefined
}

function match(pattern: readonly string[], segments: readonly string[]): Record<string, string> | undefined {
  const labels: Record<string, string> = {}
  for (const [index, expected] of pattern.entries()) {
    const segment = segments[index]!
    if (expected.startsWith('{')) {
      if (segment === '') return undefined
      labels[expected.slice(1, -1)] = decodeURIComponent(segment)
    } else if (expected !== segment) return undefined
  }
  return labels
}

function placeholders(pattern: Pattern): number {
  return pattern.segments.filter((segment) => segment.startsWith('{')).length
}
