/** Packages made by the tools that people use: taken or refused, and what the function itself finds of them. */
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { LambdaClient } from '../../src/client/lambda-client.ts'
import { serviceTarget } from '../../src/client/target.ts'
import { readServiceFile } from '../../src/settings/service-file.ts'
import { foreignPackages, sourceTree, type ForeignPackage } from '../kit/foreign-packages.ts'
import { cleanEnvironment, startService, temporaryFolder, type RunningService } from '../kit/zipyard.ts'

/** Walks the function's own folder and tells each path as the table writes it, and which files it could not read. */
const walker = `
import os, stat

def main(event, context):
    lines, unreadable = [], []
    root = os.environ['LAMBDA_TASK_ROOT']
    for folder, folders, names in os.walk(root):
        for name in folders + names:
            full = os.path.join(folder, name)
            path = os.path.relpath(full, root)
            mode = os.lstat(full).st_mode
            if stat.S_ISLNK(mode):
                lines.append([path, '%s -> %s' % (path, os.readlink(full))])
                continue
            is_folder = stat.S_ISDIR(mode)
            path += '/' if is_folder else ''
            lines.append([path, '%04o %s' % (stat.S_IMODE(mode), path)])
            if not is_folder:
                try:
                    open(full, 'rb').close()
                except PermissionError:
                    unreadable.append(path)
    return {'lines': [line for _, line in sorted(lines)], 'unreadable': unreadable,
            'ownBits': 'ZIPYARD_SANDBOX' not in os.environ}
`

const contents: Readonly<Record<string, string>> = {
  'app.py': walker,
  'bin/run.sh': `#!/bin/sh\n${'echo ran\n'.repeat(50)}`,
  'data.txt': 'data '.repeat(2000),
  'pkg/__init__.py': '"""A package."""\n'.repeat(50),
}

let service: RunningService
let client: LambdaClient
beforeAll(async () => {
  service = await startService()
  client = new LambdaClient(serviceTarget(readServiceFile(service.dataFolder)))
})
afterAll(() => service?.stop())

/** Lays out `sourceTree` in a new folder; whatever the umask is, the bits are the table's. */
function layOut(): string {
  const tree = join(temporaryFolder('foreign'), 'tree')
  mkdirSync(tree)
  chmodSync(tree, 0o755)
  for (const line of sourceTree) {
    const [, bits, path, link, target] = /^(?:([0-7]{4}) (\S+)|(\S+) -> (\S+))$/.exec(line)!
    if (link !== undefined) symlinkSync(target!, join(tree, link))
    else if (path!.endsWith('/')) mkdirSync(join(tree, path!))
    else writeFileSync(join(tree, path!), contents[path!]!)
    if (path !== undefined) chmodSync(join(tree, path), Number.parseInt(bits!, 8))
  }
  return tree
}

function pack({ shell }: ForeignPackage): Buffer {
  const tree = layOut()
  execFileSync('sh', ['-e', '-c', shell], { cwd: tree, env: cleanEnvironment(), stdio: ['ignore', 'pipe', 'pipe'] })
  return readFileSync(join(dirname(tree), 'package.zip'))
}

function isThere(command: string): boolean {
  if (spawnSync('sh', ['-c', `command -v ${command}`]).status === 0) return true
  process.stderr.write(`notice: \`${command}\` is not installed, its packages are skipped\n`)
  return false
}
const present = new Map([...new Set(foreignPackages.map((one) => one.command))].map((name) => [name, isThere(name)]))

/** Where the tier gives owner and group what others have, only the bits of others can be compared. */
const ofOthers = (line: string): string => line.replace(/^0\d\d(\d) /, 'others $1 ')

for (const [index, foreign] of foreignPackages.entries()) {
  const { tool, command, finds } = foreign
  const title = finds === 'refused' ? 'is refused in Lambda’s words' : 'is taken, and the function finds its files'
  test.skipIf(!present.get(command))(`a package of ${tool} ${title}`, async () => {
    const name = `foreign-${index}`
    const created = client.create({
      FunctionName: name,
      Runtime: 'python3.11',
      Handler: 'app.main',
      Role: 'arn:aws:iam::123456789012:role/r',
      Code: { ZipFile: pack(foreign).toString('base64') },
    })
    if (finds === 'refused') {
      const message = 'Could not unzip uploaded file. Please check your file, then try to upload again.'
      await expect(created).rejects.toThrowError(expect.objectContaining({ message: expect.stringContaining(message) }))
      expect(await client.getConfiguration(name)).toBeUndefined()
      return
    }
    await created
    await client.waitUntilReady(name)
    const { payload } = await client.invoke(name, { payload: Buffer.from('{}') })
    const seen = JSON.parse(payload.toString()) as { lines: string[]; unreadable: string[]; ownBits: boolean }
    const shown = (lines: readonly string[]): readonly string[] => (seen.ownBits ? lines : lines.map(ofOthers))
    expect({ ...seen, lines: shown(seen.lines ?? []) }).toMatchObject({
      lines: shown(finds),
      unreadable: finds.filter((line) => /^0\d\d0 /.test(line)).map((line) => line.slice(5)),
    })
  })
}
