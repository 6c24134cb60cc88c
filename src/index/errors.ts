import { defineError } from '../base/errors.ts'

export const projectNotFound = defineError('ZY0330', 'refused', (p: { name: string; indexes: readonly string[] }) => ({
  message: `No package index has \`${p.name}\`: asked ${p.indexes.map((index) => `\`${index}\``).join(', ') || 'none'}`,
  hint: 'Check the spelling; for a private package set `PIP_INDEX_URL`, `PIP_EXTRA_INDEX_URL` or `UV_INDEX`',
}))

export const fileNotFound = defineError('ZY0331', 'refused', (p: { url: string }) => ({
  message: `\`${p.url}\` does not exist (404)`,
  hint: 'The file was removed from the index; lock again',
}))

export const indexUnauthorized = defineError(
  'ZY0332',
  'refused',
  (p: { url: string; status: number; hadCredentials: boolean }) => ({
    message: p.hadCredentials
      ? `\`${p.url}\` refused the credentials (${p.status})`
      : `\`${p.url}\` asks for credentials (${p.status})`,
    hint: 'Put `https://user:password@host/…` into `PIP_INDEX_URL`, or the host into `~/.netrc`; tokens of cloud registries expire after hours',
  }),
)

export const indexRateLimited = defineError('ZY0333', 'refused', (p: { url: string; attempts: number }) => ({
  message: `\`${p.url}\` refuses more requests for now (429${p.attempts > 1 ? `, ${p.attempts} attempts` : ''})`,
  hint: 'Wait a minute and try again; what was downloaded is in the cache',
}))

export const indexFailed = defineError('ZY0334', 'refused', (p: { url: string; status: number; attempts: number }) => ({
  message: `\`${p.url}\` answered ${p.status}${p.attempts > 1 ? ` (${p.attempts} attempts)` : ''}`,
  hint:
    p.status >= 500
      ? 'The index has a fault of its own; try again later or use a mirror (`PIP_INDEX_URL`)'
      : 'Check the address of the index',
}))

export const notAFile = defineError('ZY0335', 'refused', (p: { url: string }) => ({
  message: `\`${p.url}\` answered with a web page where a file was expected`,
  hint: 'A proxy or a login page stands in between; open the address in a browser, then set the proxy or credentials',
}))

export const indexUnreachable = defineError(
  'ZY0336',
  'refused',
  (p: { url: string; problem: ConnectionProblem; code: string }) => ({
    message: `\`${p.url}\` cannot be reached: ${connectionProblems[p.problem].sentence} (\`${p.code}\`)`,
    hint: connectionProblems[p.problem].hint,
  }),
)

export const downloadTruncated = defineError(
  'ZY0337',
  'refused',
  (p: { url: string; received: number; expected: number | undefined; attempts: number }) => ({
    message: `The download of \`${p.url}\` broke off after ${p.received}${p.expected === undefined ? '' : ` of ${p.expected}`} bytes, ${p.attempts} times`,
    hint: 'Try again; nothing incomplete was kept',
  }),
)

export const networkForbidden = defineError('ZY0338', 'refused', (p: { what: string; url: string }) => ({
  message: `\`--offline\` forbids fetching ${p.what} from \`${p.url}\``,
  hint: 'Run once without `--offline`, or bring the cache along with `zipyard cache export` and `zipyard cache import`',
}))

export const invalidIndexConfiguration = defineError('ZY0339', 'usage', (p: { where: string; problem: string }) => ({
  message: `${p.where}: ${p.problem}`,
  hint: 'Correct that setting; `pip config list` shows what pip reads',
}))

export const certificateUnreadable = defineError('ZY0340', 'usage', (p: { file: string }) => ({
  message: `The certificate file \`${p.file}\` cannot be read`,
  hint: 'Correct `PIP_CERT`, `SSL_CERT_FILE` or `cert` in pip.conf',
}))

export const findLinksUnreadable = defineError('ZY0341', 'refused', (p: { place: string }) => ({
  message: `\`${p.place}\` of \`--find-links\` can be read neither as a folder nor as a page`,
  hint: 'Correct `PIP_FIND_LINKS`, `UV_FIND_LINKS` or `find-links` in pip.conf',
}))

export const invalidAddress = defineError('ZY0342', 'refused', (p: { text: string }) => ({
  message: `\`${p.text}\` is not an address from which a file can be fetched`,
  hint: 'Correct it where it is written: in the lock, the requirements or the index page',
}))

export type ConnectionProblem = 'name' | 'refused' | 'certificate' | 'timeout' | 'proxy' | 'broken'

const connectionProblems: Readonly<Record<ConnectionProblem, { sentence: string; hint: string }>> = {
  name: {
    sentence: 'its name is unknown to the name server',
    hint: 'Check the network and the address; behind a proxy set `HTTPS_PROXY`',
  },
  refused: { sentence: 'nothing listens there', hint: 'Check the address and the port of the index' },
  certificate: {
    sentence: 'its certificate is not trusted',
    hint: 'Set `PIP_CERT` or `SSL_CERT_FILE` to the file with the certificate of your company or mirror',
  },
  timeout: { sentence: 'no answer came in time', hint: 'Check the network; `PIP_TIMEOUT` sets the seconds to wait' },
  proxy: {
    sentence: 'the proxy refused the connection',
    hint: 'Check `HTTPS_PROXY`, with user and password if it asks for them',
  },
  broken: { sentence: 'the connection broke', hint: 'Check the network and try again' },
}

/** Whether asking the same host again, for anything, is in vain for now. */
export function isNetworkFault(error: unknown): boolean {
  return (
    indexUnreachable.is(error) || indexUnauthorized.is(error) || indexRateLimited.is(error) || indexFailed.is(error)
  )
}
