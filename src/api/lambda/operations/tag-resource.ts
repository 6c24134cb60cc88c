import { changeTags, type Tags } from '../../../functions/tags.ts'
import { invalidParameter } from '../../../functions/errors.ts'
import { defineOperation } from '../operation.ts'
import { parseTaggable } from '../taggable.ts'

export const tagResource = defineOperation<{ readonly Resource: string; readonly Tags: Tags }>({
  name: 'TagResource',
  support: 'implemented',
  async handle(input, { caller, services }) {
    if (Object.keys(input.Tags).length === 0) {
      throw invalidParameter({ text: 'An error occurred and the request cannot be processed.', untyped: true })
    }
    await changeTags(services.catalog, parseTaggable(input.Resource, caller), (tags) => ({ ...tags, ...input.Tags }))
    return { status: 204 }
  },
})
