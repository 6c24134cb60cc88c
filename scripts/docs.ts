/** `npm run docs`: prints the reference pages from the code; `-- --check` only says whether they are fresh. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { iamReference } from '../src/api/iam/reference.ts'
import { lambdaReference } from '../src/api/lambda/reference.ts'
import { logsReference } from '../src/api/logs/reference.ts'
import { s3Reference } from '../src/api/s3/reference.ts'
import { cliReference } from '../src/cli/reference.ts'
import { uploadsReference } from '../test/kit/uploads-reference.ts'

const root = join(import.meta.dirname, '..')

export const pages: Readonly<Record<string, () => Promise<string> | string>> = {
  'docs/reference/api.md': lambdaReference,
  'docs/reference/cli.md': cliReference,
  'docs/reference/iam.md': iamReference,
  'docs/reference/logs.md': logsReference,
  'docs/reference/s3.md': s3Reference,
  'docs/reference/uploads.md': uploadsReference,
}

export async function stalePages(): Promise<string[]> {
  const stale: string[] = []
  for (const [path, print] of Object.entries(pages)) if ((await print()) !== read(path)) stale.push(path)
  return stale
}

function read(path: string): string {
  try {
    return readFileSync(join(root, path), 'utf8')
  } catch {
    return ''
  }
}

if (process.argv[1]?.endsWith('scripts/docs.ts')) {
  for (const path of await stalePages()) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), await pages[path]!())
    process.stderr.write(`printed ${path}\n`)
  }
}
