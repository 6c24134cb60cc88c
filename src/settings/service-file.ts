import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { defineError } from '../base/errors.ts'
import { isProcessAlive } from '../base/process-alive.ts'

/** How the commands of this machine find a running service: `service.json` in its data folder, mode 0600. */
export interface ServiceFile {
  readonly url: string
  readonly processId: number
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly accountId: string
  readonly region: string
  readonly startedAt: string
}

export const noRunningService = defineError('ZY0004', 'refused', (p: { folder: string; orAws?: boolean }) => ({
  message: `No service is running on the data folder \`${p.folder}\`${p.orAws ? ', and no region of AWS is named' : ''}`,
  hint: `Start one with \`zipyard serve\`, or name its folder with \`--data\` or \`ZIPYARD_HOME\`${p.orAws ? '; or name AWS with `--profile NAME --region NAME`' : ''}`,
}))

const nameOf = (folder: string): string => join(folder, 'service.json')

export function writeServiceFile(folder: string, service: ServiceFile): void {
  const temporary = `${nameOf(folder)}.${process.pid}.tmp`
  writeFileSync(temporary, `${JSON.stringify(service, null, 2)}\n`, { mode: 0o600 })
  renameSync(temporary, nameOf(folder))
}

export function removeServiceFile(folder: string): void {
  rmSync(nameOf(folder), { force: true })
}

/** The service that runs on `folder`; a file left behind by a killed service does not count. */
export function readServiceFile(folder: string): ServiceFile {
  let service: ServiceFile
  try {
    service = JSON.parse(readFileSync(nameOf(folder), 'utf8')) as ServiceFile
  } catch (cause) {
    throw noRunningService(
      { folder },
      { cause: (cause as NodeJS.ErrnoException).code === 'ENOENT' ? undefined : cause },
    )
  }
  if (!isProcessAlive(service.processId)) throw noRunningService({ folder })
  return service
}
