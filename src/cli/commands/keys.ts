import { callAdmin } from '../../client/admin-client.ts'
import { serviceTarget } from '../../client/target.ts'
import { dataFolder } from '../../settings/data-folder.ts'
import { readServiceFile } from '../../settings/service-file.ts'
import { missingOperand, unknownAction } from '../actions.ts'
import { defineCommand } from '../command.ts'
import { dataOption } from '../shared-options.ts'
import { table } from '../table.ts'

interface Key {
  readonly accessKeyId: string
  readonly name: string
  readonly accountId: string
  readonly createdAt: string
  readonly secretAccessKey?: string
}

export const command = defineCommand({
  positionals: [
    { name: 'add|list|revoke', sentence: 'What to do; `list` when left out' },
    { name: 'NAME|KEY', sentence: 'Name of the new key, or id of the one to revoke' },
  ],
  options: {
    account: { type: 'string', value: 'ID', sentence: 'Account of the new key, 12 digits', default: '123456789012' },
    data: dataOption,
  },
  examples: ['zipyard keys add ci', 'zipyard keys list', 'zipyard keys revoke AKIA…'],
  async run(context, options, [action = 'list', subject]) {
    const target = serviceTarget(readServiceFile(dataFolder(options.data, context.environment)))
    switch (action) {
      case 'add': {
        const key = await callAdmin<Key>(target, 'POST', '/keys', {
          name: subject ?? 'unnamed',
          accountId: options.account,
        })
        if (context.json) context.terminal.out(JSON.stringify(key))
        else {
          context.terminal.out(
            `export AWS_ACCESS_KEY_ID=${key.accessKeyId}\nexport AWS_SECRET_ACCESS_KEY=${key.secretAccessKey}`,
          )
          context.terminal.err(`Added \`${key.name}\` of account ${key.accountId}. The secret is not shown again`)
        }
        return
      }
      case 'list': {
        const { keys } = await callAdmin<{ keys: Key[] }>(target, 'GET', '/keys')
        if (context.json) context.terminal.out(JSON.stringify({ keys }))
        else {
          const rows = keys.map((key) => [key.accessKeyId, key.name, key.accountId, key.createdAt])
          for (const line of table([['ACCESS KEY', 'NAME', 'ACCOUNT', 'CREATED'], ...rows])) context.terminal.out(line)
        }
        return
      }
      case 'revoke': {
        if (!subject)
          throw missingOperand({
            command: 'keys revoke',
            operand: 'the id of a key',
            example: 'zipyard keys revoke AKIA…',
          })
        const revoked = await callAdmin<{ accessKeyId: string }>(
          target,
          'DELETE',
          `/keys/${encodeURIComponent(subject)}`,
        )
        context.terminal.out(
          context.json ? JSON.stringify({ revoked: revoked.accessKeyId }) : `Revoked ${revoked.accessKeyId}`,
        )
        return
      }
      default:
        throw unknownAction({ command: 'keys', action, known: ['add', 'list', 'revoke'] })
    }
  },
})
