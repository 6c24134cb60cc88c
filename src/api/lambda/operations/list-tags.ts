import { readTags } from '../../../functions/tags.ts'
import { defineOperation } from '../operation.ts'
import { parseTaggable } from '../taggable.ts'

export const listTags = defineOperation<{ readonly Resource: string }>({
  name: 'ListTags',
  support: 'implemented',
  async handle(input, { caller, services }) {
    return { json: { Tags: await readTags(services.catalog, parseTaggable(input.Resource, caller)) } }
  },
})
