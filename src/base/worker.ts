import type * as WorkerThreads from 'node:worker_threads'
import type { Worker, WorkerOptions } from 'node:worker_threads'

/** Node's threads, for who may need none: loading their module takes milliseconds that a quick command does without. */
export function workerThreads(): typeof WorkerThreads {
  return process.getBuiltinModule('node:worker_threads')
}

/**
 * Starts the worker thread that stands beside `here`, from `dist/*.js` when built and from `src/*.ts` in development.
 *
 * Node before 22.18 cannot read TypeScript by itself, so a worker in development is started through tsx.
 * @example startWorker(import.meta.url, './digest-worker', { workerData })
 */
export function startWorker(here: string, name: string, options: WorkerOptions = {}): Worker {
  const { Worker } = workerThreads()
  if (!here.endsWith('.ts')) return new Worker(new URL(`${name}.js`, here), options)
  const target = new URL(`${name}.ts`, here).href
  const boot = `import('tsx/esm/api').then(({ register }) => { register(); return import(${JSON.stringify(target)}) })`
  return new Worker(boot, { ...options, eval: true })
}
