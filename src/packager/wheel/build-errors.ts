import { defineError } from '../../base/errors.ts'

export const buildFailed = defineError('ZY0450', 'refused', (p: { what: string; stage: string; output: string }) => ({
  message: `\`${p.what}\` could not be built into a wheel: ${p.stage} failed`,
  hint: 'The cause above is the end of what the build said; choose a version that has a wheel, or build in a container engine (docker, podman, finch, nerdctl)',
}))

export const notForTarget = defineError(
  'ZY0451',
  'refused',
  (p: { what: string; target: string; built: string; because: string; nearest?: string | undefined }) => ({
    message: `\`${p.what}\` has no wheel for ${p.target}, and building it here gives \`${p.built}\`: ${p.because}`,
    hint: `${p.nearest ? `\`${p.nearest}\` has a wheel for it: require that version` : 'Choose a version that has a wheel'}, or start a container engine (docker, podman, finch or nerdctl) to build it in the image of the runtime`,
  }),
)

export const noPythonToBuild = defineError('ZY0452', 'refused', (p: { what: string }) => ({
  message: `\`${p.what}\` has to be built from source, and this machine has no Python to do it`,
  hint: 'Install Python 3.9 or newer, or choose a version that has a wheel',
}))

export const sourceMissing = defineError('ZY0453', 'refused', (p: { what: string; path: string }) => ({
  message: `\`${p.what}\` should lie at \`${p.path}\`, and does not`,
  hint: 'Restore the folder, or write the lock anew',
}))

export const versionControlFailed = defineError(
  'ZY0454',
  'refused',
  (p: { what: string; url: string; because: string }) => ({
    message: `\`${p.what}\` could not be fetched from \`${p.url}\`: ${p.because}`,
    hint: 'Check the address and the revision, and that `git` is installed and may read the repository',
  }),
)

/** The last lines of what a build said, enough to see why. */
export function endOf(output: string, lines = 12): string {
  return output.trimEnd().split('\n').slice(-lines).join('\n')
}
