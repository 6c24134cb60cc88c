import { changeTags } from '../../../functions/tags.ts'
import { defineOperation } from '../operation.ts'
import { parseTaggable } from '../taggable.ts'

export const untagResource = defineOperation<{ readonly Resource: string; readonly TagKeys: readonly string[] }>({
  name: 'UntagResource',
  support: 'implemented',
  async handle(input, { caller, services }) {
    const gone = new Set(input.TagKeys)
    await changeTags(services.catalog, parseTaggable(input.Resource, caller), (tags) =>
      Object.fromEntries(Object.entries(tags).filter(([name]) => !gone.has(name))),
    )
    return { status: 204 }
  },
})
