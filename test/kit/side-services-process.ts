/**
 * The side services in a process of their own, so that a test can kill it or put it on a disk that fills up.
 *
 * `tsx side-services-process.ts FOLDER` prints the URL; it collects ownerless blobs when it gets a line on stdin.
 */
import { createInterface } from 'node:readline'
import { openSideServices } from './side-services-open.ts'

const services = await openSideServices({ folder: process.argv[2]! })
process.stdout.write(`${services.url}\n`)
process.on('SIGTERM', () => void services.stop().then(() => process.exit(0)))
for await (const line of createInterface(process.stdin)) {
  if (line === 'collect') process.stdout.write(`${JSON.stringify(await services.collect())}\n`)
  if (line === 'memory') process.stdout.write(`${JSON.stringify(services.measure())}\n`)
}
