/** What the operating system gave to the process; a test hands in its own. */
export interface ProcessIo {
  readonly stdout: NodeJS.WriteStream
  readonly stderr: NodeJS.WriteStream
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly workingDirectory: string
}
