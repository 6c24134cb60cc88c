import * as module from 'node:module'

/** Keeps compiled JavaScript between runs where Node can (22.1 and later): the command line starts faster. */
export function enableCompileCache(): void {
  ;(module as { enableCompileCache?: () => unknown }).enableCompileCache?.()
}
