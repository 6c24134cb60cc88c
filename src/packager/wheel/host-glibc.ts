/** The glibc that this process runs on, `[2, 36]`; `undefined` on musl and off Linux. */
export function hostGlibc(): readonly [number, number] | undefined {
  if (process.platform !== 'linux') return undefined
  const report = process.report.getReport() as unknown as { header?: { glibcVersionRuntime?: string } }
  const match = /^(\d+)\.(\d+)/.exec(report.header?.glibcVersionRuntime ?? '')
  return match ? [Number(match[1]), Number(match[2])] : undefined
}
