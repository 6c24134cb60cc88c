import { statSync } from 'node:fs'
import { basename, extname, resolve } from 'node:path'
import { formatBytes } from '../../base/byte-size.ts'
import { defineError } from '../../base/errors.ts'
import { parseVariables, readDeployable } from '../../client/deployable.ts'
import { deploy, type Deployment } from '../../client/deploy.ts'
import { defaultRuntimeId, parsePythonRuntime } from '../../lambda/runtimes.ts'
import { parseArchitecture } from '../../lambda/architecture.ts'
import { readEnvFile } from '../../settings/env-file.ts'
import { defineCommand, type Context } from '../command.ts'
import { dataOption, endpointOptions, handlerOption, runtimeOption } from '../shared-options.ts'
import { targetOf } from '../target-of.ts'

const handlerNeeded = defineError('ZY0016', 'usage', (p: { name: string }) => ({
  message: `\`${p.name}\` does not exist yet, and creating it needs a handler`,
  hint: 'Name it: `--handler lambda_function.lambda_handler`, or `handler = "…"` in `[tool.zipyard]`',
}))

export const command = defineCommand({
  positionals: [
    { name: 'DIR|FILE', sentence: 'Project to build and deploy, or a finished package [the current folder]' },
  ],
  options: {
    'function-name': {
      type: 'string',
      value: 'NAME',
      aliases: ['name'],
      sentence: 'Function to create or update [name of the package]',
    },
    role: {
      type: 'string',
      value: 'ARN',
      inFile: true,
      sentence: 'Execution role, needed to create a function on AWS',
    },
    runtime: runtimeOption,
    handler: handlerOption,
    arch: { type: 'string', value: 'ARCH', inFile: true, sentence: 'x86_64 or arm64' },
    memory: { type: 'integer', value: 'MB', inFile: true, sentence: 'Memory of the function' },
    timeout: { type: 'integer', value: 'SECONDS', inFile: true, sentence: 'Timeout of the function' },
    description: { type: 'string', value: 'TEXT', inFile: true, sentence: 'Description of the function' },
    env: {
      type: 'strings',
      value: 'NAME=VALUE',
      sentence: 'Environment variable; all of them replace those of the function',
    },
    'env-file': { type: 'string', value: 'FILE', inFile: true, sentence: 'Environment variables from a `.env` file' },
    publish: { type: 'boolean', sentence: 'Publish a version' },
    alias: { type: 'string', value: 'NAME', inFile: true, sentence: 'Publish a version and point this alias at it' },
    's3-bucket': { type: 'string', value: 'NAME', inFile: true, sentence: 'Upload through this bucket' },
    'no-check': { type: 'boolean', sentence: 'Build and deploy whatever the audit says' },
    'dry-run': { type: 'boolean', sentence: 'Print what would change, change nothing' },
    data: dataOption,
    ...endpointOptions,
  },
  examples: [
    'zipyard deploy',
    'zipyard deploy dist/hello.zip --function-name hello --handler app.main',
    'zipyard deploy --profile prod --dry-run',
  ],
  async run(context, options, [subject = '.']) {
    const { terminal } = context
    const path = resolve(context.workingDirectory, subject)
    const built = statSync(path).isDirectory() ? await buildProject(context, path, options) : undefined
    const packageFile = await readDeployable(built?.path ?? path)
    const name = options['function-name'] ?? built?.name ?? basename(path, extname(path))
    const target = await targetOf(context, options)
    const fileVariables = options['env-file']
      ? readEnvFile(resolve(context.workingDirectory, options['env-file']))
      : undefined
    const variables = parseVariables(options.env)
    const runtime =
      built?.runtime ?? (options.runtime === undefined ? undefined : parsePythonRuntime(options.runtime).id)
    const desired = {
      name,
      codeSha256: packageFile.codeSha256,
      codeBytes: packageFile.bytes,
      runtime,
      handler: options.handler ?? built?.handler,
      architecture: built?.architecture ?? (options.arch === undefined ? undefined : parseArchitecture(options.arch)),
      role: options.role,
      description: options.description,
      memoryMiB: options.memory,
      timeoutSeconds: options.timeout,
      environment: fileVariables || variables ? { ...fileVariables, ...variables } : undefined,
    }
    const deployment = await deploy(target, {
      archive: packageFile.path,
      desired,
      creating: () => {
        if (desired.handler === undefined) throw handlerNeeded({ name })
        return { ...desired, runtime: runtime ?? defaultRuntimeId }
      },
      publish: options.publish,
      alias: options.alias,
      bucket: options['s3-bucket'],
      dryRun: options['dry-run'],
      signal: context.signal,
      onStep: (step) => terminal.err(terminal.style.dim(step)),
    })
    if (context.json)
      terminal.out(
        JSON.stringify({ name, target: target.description, codeSha256: packageFile.codeSha256, ...deployment }),
      )
    else
      for (const line of describe(name, target.description, packageFile.codeSha256, deployment, options['dry-run']))
        terminal.out(line)
  },
})

interface BuiltProject {
  readonly path: string
  readonly name: string
  readonly runtime: string
  readonly architecture: string
  readonly handler: string | undefined
}

/** Builds the project with its own settings and shows the report on stderr; stdout is for the deployment. */
async function buildProject(
  context: Context,
  folder: string,
  options: {
    readonly runtime?: string | undefined
    readonly arch?: string | undefined
    readonly handler?: string | undefined
    readonly 'no-check': boolean
  },
): Promise<BuiltProject> {
  const { buildForDeployment } = await import('../build-for-deployment.ts')
  return buildForDeployment(context, folder, options)
}

function describe(name: string, where: string, sha256: string, deployment: Deployment, dryRun: boolean): string[] {
  const { plan } = deployment
  const would = dryRun ? 'would be ' : ''
  if (plan.action === 'unchanged') {
    const published = deployment.publishedVersion ? `, version ${deployment.publishedVersion}` : ''
    return [`${name}  unchanged (sha256 ${sha256.slice(0, 12)}…), 0 bytes sent to ${where}${published}`]
  }
  const lines = [`${name}  ${would}${plan.action === 'create' ? 'created' : 'updated'} on ${where}`]
  if (plan.action === 'update') {
    if (plan.code) lines.push(`  code    sha256 ${sha256.slice(0, 12)}…`)
    for (const { member, from, to } of plan.configuration)
      lines.push(
        `  ${member}  ${member === 'Environment' ? 'changed' : `${JSON.stringify(from) ?? 'unset'} → ${JSON.stringify(to)}`}`,
      )
  }
  if (deployment.configuration && !dryRun) lines.push(`  ${deployment.configuration.FunctionArn}`)
  if (deployment.publishedVersion) lines.push(`  version ${deployment.publishedVersion}`)
  if (!dryRun) lines.push(`  ${formatBytes(deployment.sentBytes)} sent`)
  return lines
}
