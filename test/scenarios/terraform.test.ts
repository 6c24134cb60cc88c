/** Terraform and its AWS provider, unmodified: create, clean plan, update, clean plan, destroy. */
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, readdirSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { archive } from '../kit/archive.ts'
import { runProgram, startService, temporaryFolder } from '../kit/zipyard.ts'

/** A folder with the AWS provider, as Terraform's `filesystem_mirror` takes it: the provider cannot be fetched in every network. */
function findProviderMirror(): string | undefined {
  const opt = existsSync('/opt') ? readdirSync('/opt').map((name) => join('/opt', name)) : []
  const folders = [
    process.env['ZIPYARD_TERRAFORM_MIRROR'],
    join(homedir(), '.terraform.d/plugins'),
    '/usr/local/share/terraform/plugins',
    '/usr/share/terraform/plugins',
    ...opt,
  ]
  return folders.find(
    (folder) => folder !== undefined && existsSync(join(folder, 'registry.terraform.io/hashicorp/aws')),
  )
}

const mirror = findProviderMirror()
const hasTerraform = spawnSync('terraform', ['version'], { stdio: 'ignore' }).status === 0
if (!hasTerraform || mirror === undefined)
  process.stderr.write(
    'not tested here: Terraform with its AWS provider (neither is installed by the tests); its traced calls are tested\n',
  )

test.runIf(hasTerraform && mirror !== undefined)(
  'a Lambda stack is created, planned clean, updated and destroyed',
  async () => {
    const service = await startService()
    try {
      const folder = temporaryFolder('terraform')
      cpSync(join(import.meta.dirname, 'terraform/main.tf'), join(folder, 'main.tf'))
      writeFileSync(join(folder, 'rc'), `provider_installation {\n  filesystem_mirror { path = "${mirror}" }\n}\n`)
      const save = (answer: number): void =>
        writeFileSync(
          join(folder, 'function.zip'),
          archive({ 'app.py': `def main(event, context):\n    return ${answer}\n` }),
        )
      save(1)
      const run = async (...args: string[]): Promise<string> => {
        const env = { ...service.environment, TF_CLI_CONFIG_FILE: join(folder, 'rc'), TF_IN_AUTOMATION: '1' }
        const result = await runProgram('terraform', [...args, '-no-color'], { cwd: folder, env })
        expect(`${result.stderr}exit ${result.exitCode}`).toMatch(/exit 0$/)
        return result.stdout
      }
      const answer = async (): Promise<string> => {
        const file = join(folder, 'answer.json')
        await runProgram('aws', ['lambda', 'invoke', '--function-name', 'tf-function:live', file], {
          env: service.environment,
        })
        return (await runProgram('cat', [file], { env: service.environment })).stdout
      }
      await run('init')
      expect(await run('apply', '-auto-approve')).toContain(
        'Apply complete! Resources: 10 added, 0 changed, 0 destroyed.',
      )
      expect(await answer()).toBe('1')
      expect(await run('plan', '-detailed-exitcode')).toContain('No changes.')

      save(2)
      await run('apply', '-auto-approve')
      expect(await answer()).toBe('2')
      expect(await run('plan', '-detailed-exitcode')).toContain('No changes.')

      expect(await run('destroy', '-auto-approve')).toContain('Destroy complete! Resources: 10 destroyed.')
    } finally {
      await service.stop()
    }
  },
)
