/**
 * `npm start`: from a fresh clone to a function that answered. Builds `examples/with-requests`, serves, deploys, invokes, and keeps
 * serving until Ctrl-C; `npm start -- --once` stops after the first answer.
 */
import { spawn, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { buildOnce, checkNode, installPackages, root, say } from './setup.mjs'

checkNode()
installPackages()
buildOnce()

const once = process.argv.includes('--once')
const program = join(root, 'dist/cli/main.js')
const example = join(root, 'examples/with-requests')
const archive = join(root, 'dist/with-requests.zip')
const bold = process.stderr.isTTY && !process.env.NO_COLOR ? (text) => `\u001B[1m${text}\u001B[0m` : (text) => text

/** Shows the command as a person would type it, runs it, and ends everything when it fails. */
function zipyard(shown, args) {
  say(`\n${bold(`$ ${shown}`)}`)
  const result = spawnSync(process.execPath, [program, ...args], { stdio: 'inherit', cwd: root })
  if (result.status !== 0) finish(result.status ?? 1)
}

const runtime = chooseRuntime()
zipyard(`zipyard build examples/with-requests --runtime ${runtime}`, [
  'build',
  example,
  '--runtime',
  runtime,
  '--out',
  archive,
])

let service = startService('4570')
process.on('SIGINT', () => {}) // the service gets it too and ends by itself; then so do we
const { url, data } = await service.listening
zipyard('zipyard deploy dist/with-requests.zip', [
  'deploy',
  archive,
  '--function-name',
  'with-requests',
  '--runtime',
  runtime,
  '--handler',
  'lambda_function.lambda_handler',
  '--timeout',
  '30',
  '--data',
  data,
])
zipyard('zipyard invoke with-requests --tail', [
  'invoke',
  'with-requests',
  '-e',
  join(example, 'event.json'),
  '--tail',
  '--data',
  data,
])

if (once) finish(0)
else
  say(`
${bold('Serving')} on ${url} until Ctrl-C. In another terminal:

  alias zipyard='node ${program}'
  eval "$(zipyard env)"                      # aws, boto3 and Terraform now talk to this service
  aws lambda list-functions
  aws lambda invoke --function-name with-requests /dev/stdout
  zipyard logs with-requests --follow
  zipyard ps                                 # the execution environments
`)
if (!once) service.process.once('exit', (code) => process.exit(code ?? 0))

/** The newest runtime among those whose Python this machine has, 3.11 first: it is the one of Debian 12. */
function chooseRuntime() {
  const result = spawnSync(process.execPath, [program, 'runtime', 'list', '--json'], { encoding: 'utf8', cwd: root })
  const found = result.status === 0 ? JSON.parse(result.stdout).runtimes.filter((entry) => entry.interpreter) : []
  const ids = found.map((entry) => entry.id)
  if (ids.includes('python3.11')) return 'python3.11'
  const usable = ids.filter((id) => Number(id.split('.')[1]) >= 9)
  if (usable.length > 0) return usable.at(-1)
  say(
    'error: no Python from 3.9 to 3.14 was found on this machine\n\nhint: `apt-get install python3`, or see `node dist/cli/main.js runtime list`',
  )
  process.exit(1)
}

function startService(port) {
  say(`\n${bold('$ zipyard serve')}`)
  const child = spawn(process.execPath, [program, 'serve', '--port', port], {
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: root,
  })
  const listening = new Promise((resolve) => {
    let out = ''
    let err = ''
    child.stdout.on('data', (chunk) => {
      process.stdout.write(chunk)
      out += chunk
      const line = /listening on (\S+)/.exec(out)
      const folder = /data folder\s+(\S.*)/.exec(err)
      if (line)
        setTimeout(
          () => resolve({ url: line[1], data: (/data folder\s+(\S.*)/.exec(err) ?? folder ?? [])[1] ?? '' }),
          200,
        )
    })
    child.stderr.on('data', (chunk) => {
      process.stderr.write(chunk)
      err += chunk
    })
    child.once('exit', (code) => {
      if (/listening on/.test(out)) return
      if (port !== '0' && /ZY0618/.test(err)) {
        service = startService('0') // something else has the port: take a free one
        service.listening.then(resolve)
      } else process.exit(code ?? 1)
    })
  })
  return { process: child, listening }
}

function finish(code) {
  if (typeof service === 'undefined' || service.process.exitCode !== null) process.exit(code)
  service.process.once('exit', () => process.exit(code))
  service.process.kill('SIGTERM')
}
