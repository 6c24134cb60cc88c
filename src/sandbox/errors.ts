import { defineError } from '../base/errors.ts'

/** The tier that was asked for cannot hold functions on this machine. */
export const tierUnavailable = defineError(
  'ZY0510',
  'refused',
  (p: { tier: string; because: string; remedy: string }) => ({
    message: `isolation \`${p.tier}\` cannot be used on this machine: ${p.because}`,
    hint: p.remedy,
  }),
)

/** The machine refused a step between asking for a process and its first instruction. */
export const launchFailed = defineError('ZY0511', 'refused', (p: { id: string; because: string }) => ({
  message: `the execution environment \`${p.id}\` could not be started: ${p.because}`,
  hint: 'Run `zipyard doctor`; it tries each step of the isolation on this machine and says what is missing',
}))

/** Tier `process` as root: the unprivileged user of the function cannot get to a folder it needs. */
export const folderClosed = defineError('ZY0512', 'refused', (p: { folder: string; closedAt: string }) => ({
  message: `functions run as an unprivileged user, to whom \`${p.closedAt}\` is closed, and they need \`${p.folder}\``,
  hint: `Run \`zipyard serve\` as an ordinary user, or keep the data folder and the Python where everyone may pass (\`chmod o+x ${p.closedAt}\`)`,
}))

export const networkUnavailable = defineError(
  'ZY0513',
  'refused',
  (p: { network: string; tier: string; because: string; remedy: string }) => ({
    message: `\`--network ${p.network}\` cannot be had with isolation \`${p.tier}\`: ${p.because}`,
    hint: p.remedy,
  }),
)
