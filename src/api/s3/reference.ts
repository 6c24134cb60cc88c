/** Prints docs/reference/s3.md from the operation list. */
import type { S3Operation } from './operation.ts'
import { refusedSubresources, s3Operations } from './s3-operations.ts'

export function s3Reference(): string {
  const rows = [...s3Operations].sort((one, other) => (one.name < other.name ? -1 : 1))
  const table = rows.map(
    (operation) =>
      `| ${operation.name} | ${operation.status ?? 'implemented'} | \`${requestOf(operation)}\` | \`${operation.action}\` |`,
  )
  return `# S3

<!-- Printed from the code by \`npm run docs\`; not edited by hand. -->

Buckets and objects on the service's own port: path-style (\`http://HOST:PORT/BUCKET/KEY\`) and virtual-host style (\`http://BUCKET.s3.localhost:PORT/KEY\`).
Signatures in the header and in presigned URLs (Version 4, and Version 2, which \`aws s3 presign\` and boto3 make by default in us-east-1); bodies plain or \`aws-chunked\`, signed or not, with checksums before or behind them.

- **implemented**: has its effect
- **stored**: its only effect is to be read back
- **refused**: reads as switched off and cannot be switched on (501 \`NotImplemented\`)

| Operation | Support | Request | What a role must be granted |
|---|---|---|---|
${table.join('\n')}

Any other method on a bucket or object, and the sub-resources ${[...refusedSubresources]
    .sort()
    .map((name) => `\`?${name}\``)
    .join(', ')}, answer 501 \`NotImplemented\`
with the name of what is missing, or 405 \`MethodNotAllowed\`.

## What is different from AWS

| On AWS | Here | Why |
|---|---|---|
| objects are encrypted at rest | they are not; \`x-amz-server-side-encryption\` and a bucket's encryption configuration are stored and returned, with the defaults of AWS (\`AES256\`, no keys of clients) | encrypt the disk |
| storage classes, lifecycle rules | stored and returned; nothing moves or expires | |
| bucket policies and public access | policies and the public access block (all on in a new bucket, as since April 2023) are stored, and nobody but the bucket's account gets in | other accounts have no use for a bucket here; share by presigned URL |
| access control lists | as in buckets made since April 2023: only \`private\` and \`bucket-owner-full-control\` are taken | |
| notifications, replication, logging, websites, object lock, acceleration, requester pays | refused when switched on, and read as switched off | |
| a copy of an object that was uploaded in parts gets an MD5 as its ETag | it keeps the ETag of its source | a copy names the same bytes again and moves none |
| \`If-None-Match\` with an ETag on a write | refused | only \`*\` has a use there |
| every object gets a CRC-64/NVME | only the checksums that the client asks for | it would cost more than the upload itself |
| a key may hold NUL | refused | |
| uploads by HTML forms (POST Object) | refused: 501 \`NotImplemented\` | presign a PUT |
| CORS rules of a bucket | enforced; a page of another origin gets nothing without one | |

An object is there, and survives a power cut, once its upload was answered with 2xx: its bytes are synced before the row that names them is committed. An upload that breaks off
leaves nothing. What no object names any more is removed within two hours. A full disk is answered with 507 \`InsufficientStorage\`, and removing still works.
`
}

function requestOf(operation: S3Operation): string {
  const path = { service: '/', name: '/BUCKET', bucket: '/BUCKET', object: '/BUCKET/KEY' }[operation.level]
  const query = [operation.subresource, operation.needs?.query].filter((name) => name !== undefined)
  const header = operation.needs?.header === undefined ? '' : ` (${operation.needs.header})`
  return `${operation.method} ${path}${query.length > 0 ? `?${query.join('&')}` : ''}${header}`
}
