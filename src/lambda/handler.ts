import { defineError } from '../base/errors.ts'

/** A handler string of a Python function, split as the runtime does it: at the last dot. */
export interface Handler {
  /** As configured: `app.main`, `pkg/sub.main`. */
  readonly text: string
  /** Dotted module, slashes turned into dots: `pkg.sub`. */
  readonly module: string
  /** As configured, slashes kept: what error messages print. */
  readonly moduleText: string
  /** The attribute of the module: `main`. */
  readonly attribute: string
}

export const malformedHandler = defineError('ZY0303', 'refused', (p: { text: string }) => ({
  message: `\`${p.text}\` is not a handler: it has no dot between module and function`,
  hint: 'Write `module.function`, for example `lambda_function.lambda_handler`',
}))

/**
 * @example parseHandler('pkg/app.main') // { module: 'pkg.app', attribute: 'main', … }
 * @see the runtime interface client for Python, `_get_handler`: `handler.rsplit(".", 1)`
 */
export function parseHandler(text: string): Handler {
  const dot = text.lastIndexOf('.')
  if (dot < 1 || dot === text.length - 1) throw malformedHandler({ text })
  const moduleText = text.slice(0, dot)
  return { text, moduleText, module: moduleText.replaceAll('/', '.'), attribute: text.slice(dot + 1) }
}
