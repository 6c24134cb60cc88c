import {
  createLogGroup,
  listLogGroups,
  requireLogGroup,
  setLogGroupTags,
  setRetention,
  type LogGroup,
  type LogGroupKey,
} from '../../logs/log-group.ts'
import type { CatalogQueries } from '../../store/catalog.ts'
import { invalidParameter, LogsFault } from './logs-fault.ts'
import { groupName } from './logs-input.ts'
import { groupOfArn, namedGroup, type LogsAction, type LogsContext } from './logs-operation.ts'
import { decodeToken, encodeToken } from './page-token.ts'

const classes = ['STANDARD', 'INFREQUENT_ACCESS'] as const
/** Source: PutRetentionPolicy API reference. */
const retentionDays = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
]
const tagsLimit = 50

/** Log groups, their retention and tags. */
export const groupActions: Readonly<Record<string, LogsAction>> = {
  async CreateLogGroup(context) {
    const { catalog, clock, input } = context
    const tags = input.tags('tags')
    checkTagCount(tags ?? {})
    await createLogGroup(catalog.db, clock, namedGroup(context), {
      tags,
      class: input.text('logGroupClass', { oneOf: classes }) as LogGroup['class'] | undefined,
      kmsKeyId: input.text('kmsKeyId', { max: 256 }),
    })
    return undefined
  },

  async DeleteLogGroup(context) {
    await context.logs.deleteGroup(namedGroup(context))
    return undefined
  },

  async DescribeLogGroups({ catalog, logs, caller, input }) {
    const prefix = input.text('logGroupNamePrefix', groupName)
    const pattern = input.text('logGroupNamePattern', { max: 512, pattern: '[\\.\\-_/#A-Za-z0-9]*' })
    if (prefix !== undefined && pattern) {
      throw invalidParameter('LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.')
    }
    const limit = input.integer('limit', { min: 1, max: 50 }) ?? 50
    const token = decodeToken<{ after: string }>(input.text('nextToken'), { after: 'string' })
    // What is still in memory may be the first line of a new group.
    await logs.flush().catch(() => undefined)
    const found = await listLogGroups(catalog.db, {
      accountId: caller.accountId,
      region: caller.region,
      limit: limit + 1,
      prefix,
      contains: pattern === '' ? undefined : pattern,
      names: input
        .texts('logGroupIdentifiers', { limit: 50, max: 2048 })
        ?.map((one) => one.replace(/^arn:[^/]*:log-group:|:\*$/g, '')),
      class: input.text('logGroupClass', { oneOf: classes }) as LogGroup['class'] | undefined,
      after: token?.after,
    })
    const groups = found.slice(0, limit)
    const bytes = await logs.storedBytes(groups.map((group) => group.id))
    return {
      logGroups: groups.map((group) => ({
        logGroupName: group.name,
        creationTime: group.createdAt,
        retentionInDays: group.retentionDays,
        metricFilterCount: 0,
        arn: `${group.arn}:*`,
        storedBytes: bytes.get(group.id) ?? 0,
        kmsKeyId: group.kmsKeyId,
        logGroupClass: group.class,
        logGroupArn: group.arn,
      })),
      nextToken: found.length > limit ? encodeToken({ after: groups.at(-1)!.name }) : undefined,
    }
  },

  async ListLogGroups({ catalog, logs, caller, input }) {
    const limit = input.integer('limit', { min: 1, max: 1000 }) ?? 50
    const token = decodeToken<{ after: string }>(input.text('nextToken'), { after: 'string' })
    if (input.has('logGroupNamePattern'))
      throw invalidParameter('Zipyard does not serve logGroupNamePattern here; use DescribeLogGroups')
    await logs.flush().catch(() => undefined)
    const found = await listLogGroups(catalog.db, {
      accountId: caller.accountId,
      region: caller.region,
      limit: limit + 1,
      class: input.text('logGroupClass', { oneOf: classes }) as LogGroup['class'] | undefined,
      after: token?.after,
    })
    const groups = found.slice(0, limit)
    return {
      logGroups: groups.map((group) => ({
        logGroupName: group.name,
        logGroupArn: group.arn,
        logGroupClass: group.class,
      })),
      nextToken: found.length > limit ? encodeToken({ after: groups.at(-1)!.name }) : undefined,
    }
  },

  async PutRetentionPolicy(context) {
    const days = context.input.integer('retentionInDays')
    if (days === undefined || !retentionDays.includes(days)) {
      throw invalidParameter(
        `1 validation error detected: Value '${days ?? null}' at 'retentionInDays' failed to satisfy constraint: Member must satisfy enum value set: [${retentionDays.join(', ')}]`,
      )
    }
    await setRetention(context.catalog.db, namedGroup(context), days)
    return undefined
  },

  async DeleteRetentionPolicy(context) {
    await setRetention(context.catalog.db, namedGroup(context), undefined)
    return undefined
  },

  ListTagsForResource: async (context) => ({ tags: (await resource(context)).group.tags }),
  TagResource: (context) => tag(context, context.input.requiredText('resourceArn')),
  UntagResource: (context) => untag(context, 'tagKeys', context.input.requiredText('resourceArn')),
  // The older three say the same with names.
  ListTagsLogGroup: async (context) => ({
    tags: (await requireLogGroup(context.catalog.db, namedGroup(context))).tags,
  }),
  TagLogGroup: (context) => tag(context, undefined),
  UntagLogGroup: (context) => untag(context, 'tags', undefined),
}

async function tag(context: LogsContext, arn: string | undefined): Promise<undefined> {
  const added = context.input.tags('tags') ?? {}
  await changeTags(context, keyOf(context, arn), (tags) => ({ ...tags, ...added }))
}

async function untag(context: LogsContext, member: string, arn: string | undefined): Promise<undefined> {
  const removed = context.input.texts(member, { limit: tagsLimit, max: 128 }) ?? []
  await changeTags(context, keyOf(context, arn), (tags) =>
    Object.fromEntries(Object.entries(tags).filter(([name]) => !removed.includes(name))),
  )
}

async function changeTags(
  context: LogsContext,
  key: LogGroupKey,
  change: (tags: LogGroup['tags']) => Record<string, string>,
): Promise<void> {
  await context.catalog.transaction(async (db: CatalogQueries) => {
    const tags = change((await requireLogGroup(db, key)).tags)
    checkTagCount(tags)
    await setLogGroupTags(db, key, tags)
  })
}

function checkTagCount(tags: object): void {
  if (Object.keys(tags).length > tagsLimit) {
    throw new LogsFault('TooManyTagsException', `A resource can have up to ${tagsLimit} tags`)
  }
}

async function resource(context: LogsContext): Promise<{ readonly group: LogGroup }> {
  const key = keyOf(context, context.input.requiredText('resourceArn'))
  return { group: await requireLogGroup(context.catalog.db, key) }
}

function keyOf(context: LogsContext, arn: string | undefined): LogGroupKey {
  return arn === undefined ? namedGroup(context) : groupOfArn(context, arn)
}
