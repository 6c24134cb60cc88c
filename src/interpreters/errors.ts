import { defineError } from '../base/errors.ts'

export const interpreterMissing = defineError(
  'ZY0501',
  'refused',
  (p: { runtimeId: string; python: string; found: readonly string[] }) => ({
    message: `\`${p.runtimeId}\` needs Python ${p.python}, and this machine has ${p.found.length === 0 ? 'no Python that can be used' : `only ${p.found.join(', ')}`}`,
    hint: `Run \`zipyard runtime add ${p.runtimeId} /path/to/python${p.python}\`, or \`zipyard runtime add ${p.runtimeId}\` to let uv install it into the data folder`,
  }),
)

/** A Python that was named does not run, or is not what it was named for. */
export const interpreterUnusable = defineError(
  'ZY0502',
  'refused',
  (p: { path: string; because: string; python: string }) => ({
    message: `\`${p.path}\` cannot be the interpreter of Python ${p.python}: ${p.because}`,
    hint: `Name the executable of a CPython ${p.python}, such as \`--python ${p.python}=/usr/bin/python${p.python}\``,
  }),
)

export const malformedPythonOption = defineError('ZY0503', 'usage', (p: { text: string }) => ({
  message: `\`${p.text}\` does not name an interpreter`,
  hint: 'Write the version and the path of its executable: `--python 3.13=/opt/python3.13/bin/python3.13`',
}))

export const installerMissing = defineError('ZY0504', 'refused', (p: { runtimeId: string; python: string }) => ({
  message: `Python ${p.python} for \`${p.runtimeId}\` cannot be installed, because \`uv\` was not found`,
  hint: `Install uv, or name a Python that is there: \`zipyard runtime add ${p.runtimeId} /path/to/python${p.python}\``,
}))

export const installFailed = defineError(
  'ZY0505',
  'refused',
  (p: { runtimeId: string; python: string; because: string }) => ({
    message: `uv could not install Python ${p.python} for \`${p.runtimeId}\`: ${p.because}`,
    hint: `Name a Python that is there: \`zipyard runtime add ${p.runtimeId} /path/to/python${p.python}\``,
  }),
)
