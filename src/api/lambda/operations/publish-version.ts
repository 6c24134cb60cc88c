import { parseFunctionName } from '../../../functions/function-name.ts'
import { defineOperation } from '../operation.ts'
import { fullConfiguration, qualifiedArn } from '../views.ts'
import { expectLatest } from './update-function-code.ts'

interface Input {
  readonly FunctionName: string
  readonly CodeSha256?: string
  readonly Description?: string
  readonly RevisionId?: string
}

export const publishVersion = defineOperation<Input>({
  name: 'PublishVersion',
  support: 'implemented',
  note: 'publishing what equals the newest version returns that version',
  async handle(input, { caller, services }) {
    const { qualifier, ...key } = parseFunctionName(input.FunctionName, caller)
    expectLatest(qualifier)
    const version = await services.functions.publish(key, {
      description: input.Description,
      codeSha256: input.CodeSha256,
      revisionId: input.RevisionId,
    })
    return { json: fullConfiguration(version, qualifiedArn(version)) }
  },
})
