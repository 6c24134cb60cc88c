import type { Handler } from '../lambda/handler.ts'

/** Where the module of a handler may lie, best first: a package, an extension module, a file. */
export function handlerCandidates(handler: Handler): readonly string[] {
  const path = handler.module.replaceAll('.', '/')
  return [`${path}/__init__.py`, `${path}.py`, `${path}/__init__.pyc`, `${path}.pyc`]
}
