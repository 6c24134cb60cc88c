import type { CatalogQueries } from '../../store/catalog.ts'
import { isDuplicate } from '../../store/database.ts'
import type { PolicyTable } from '../../store/tables/access.ts'
import { QueryFault } from '../query/query-protocol.ts'
import type { XmlFields } from '../xml/xml-writer.ts'
import {
  checkTags,
  pageOf,
  readDocument,
  readName,
  readPath,
  type IamAction,
  type IamContext,
} from './iam-operation.ts'
import { iamTime, newIamId, tagFields } from './role.ts'

/** Source: IAM quotas page, "Versions per managed policy". */
const versionsLimit = 5

/** Customer managed policies and their versions. */
export const policyActions: Readonly<Record<string, IamAction>> = {
  async CreatePolicy({ catalog, clock, caller, parameters }) {
    const name = readName(parameters, 'PolicyName', 128)
    const path = readPath(parameters)
    const document = readDocument(parameters, 'PolicyDocument')
    const policy: PolicyTable = {
      account_id: caller.accountId,
      name,
      arn: `arn:aws:iam::${caller.accountId}:policy${path}${name}`,
      path,
      policy_id: newIamId('ANPA'),
      description: parameters.optional('Description') ?? null,
      default_version: 'v1',
      next_version: 2,
      tags: checkTags(parameters.tags()),
      created_at: clock.now(),
      updated_at: clock.now(),
    }
    try {
      await catalog.transaction(async (db) => {
        await db.insertInto('policy').values(policy).execute()
        await db
          .insertInto('policy_version')
          .values({ policy_arn: policy.arn, version: 'v1', document, created_at: policy.created_at })
          .execute()
      })
    } catch (error) {
      if (!isDuplicate(error)) throw error
      throw new QueryFault(
        409,
        'EntityAlreadyExists',
        `A policy called ${name} already exists. Duplicate names are not allowed.`,
      )
    }
    const { Description: _, ...fields } = await policyFields(catalog.db, policy)
    return { Policy: fields }
  },

  async GetPolicy(context) {
    const policy = await namedPolicy(context)
    return { Policy: { Tags: { member: [] }, ...(await policyFields(context.catalog.db, policy)) } }
  },

  async ListPolicies({ catalog, caller, parameters }) {
    const prefix = parameters.optional('PathPrefix') ?? '/'
    const isAwsOnly = parameters.optional('Scope') === 'AWS'
    const onlyAttached = parameters.optional('OnlyAttached') === 'true'
    const policies = await catalog.db
      .selectFrom('policy')
      .selectAll()
      .where('account_id', '=', caller.accountId)
      .orderBy('name')
      .execute()
    const attached = new Set(
      (await catalog.db.selectFrom('role_attachment').select('policy_arn').distinct().execute()).map(
        (row) => row.policy_arn,
      ),
    )
    const wanted = policies.filter(
      (policy) => !isAwsOnly && policy.path.startsWith(prefix) && (!onlyAttached || attached.has(policy.arn)),
    )
    const page = pageOf(wanted, parameters, (policy) => policy.name)
    const member: XmlFields[] = []
    for (const policy of page.items) {
      const { Description: _, Tags: __, ...fields } = await policyFields(catalog.db, policy)
      member.push(fields)
    }
    return { Policies: { member }, ...page.fields }
  },

  async DeletePolicy(context) {
    const policy = await namedPolicy(context)
    await context.catalog.transaction(async (db) => {
      if ((await attachments(db, policy.arn)).length > 0) {
        throw new QueryFault(409, 'DeleteConflict', 'Cannot delete a policy attached to entities.')
      }
      const versions = await db
        .selectFrom('policy_version')
        .select('version')
        .where('policy_arn', '=', policy.arn)
        .execute()
      if (versions.length > 1) {
        throw new QueryFault(
          409,
          'DeleteConflict',
          "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.",
        )
      }
      await db.deleteFrom('policy').where('arn', '=', policy.arn).execute()
    })
    return undefined
  },

  async CreatePolicyVersion(context) {
    const policy = await namedPolicy(context)
    const document = readDocument(context.parameters, 'PolicyDocument')
    const asDefault = context.parameters.optional('SetAsDefault') === 'true'
    const createdAt = context.clock.now()
    const version = await context.catalog.transaction(async (db) => {
      const rows = await db
        .selectFrom('policy_version')
        .select('version')
        .where('policy_arn', '=', policy.arn)
        .execute()
      if (rows.length >= versionsLimit) {
        throw new QueryFault(
          409,
          'LimitExceeded',
          `A managed policy can have up to ${versionsLimit} versions. Before you create a new version, you must delete an existing version.`,
        )
      }
      const { next_version: number } = await db
        .selectFrom('policy')
        .select('next_version')
        .where('arn', '=', policy.arn)
        .executeTakeFirstOrThrow()
      const name = `v${number}`
      await db
        .insertInto('policy_version')
        .values({ policy_arn: policy.arn, version: name, document, created_at: createdAt })
        .execute()
      await db
        .updateTable('policy')
        .set({ next_version: number + 1, updated_at: createdAt, ...(asDefault && { default_version: name }) })
        .where('arn', '=', policy.arn)
        .execute()
      return name
    })
    return { PolicyVersion: { VersionId: version, IsDefaultVersion: asDefault, CreateDate: iamTime(createdAt) } }
  },

  async GetPolicyVersion(context) {
    const policy = await namedPolicy(context)
    const version = await namedVersion(context, policy)
    return {
      PolicyVersion: {
        Document: encodeURIComponent(version.document),
        VersionId: version.version,
        IsDefaultVersion: version.version === policy.default_version,
        CreateDate: iamTime(version.created_at),
      },
    }
  },

  async ListPolicyVersions(context) {
    const policy = await namedPolicy(context)
    const versions = await context.catalog.db
      .selectFrom('policy_version')
      .selectAll()
      .where('policy_arn', '=', policy.arn)
      .orderBy('created_at', 'desc')
      .execute()
    const member = versions.map((version) => ({
      VersionId: version.version,
      IsDefaultVersion: version.version === policy.default_version,
      CreateDate: iamTime(version.created_at),
    }))
    return { Versions: { member }, IsTruncated: false }
  },

  async DeletePolicyVersion(context) {
    const policy = await namedPolicy(context)
    const { version } = await namedVersion(context, policy)
    if (version === policy.default_version) {
      throw new QueryFault(409, 'DeleteConflict', 'Cannot delete the default version of a policy.')
    }
    await context.catalog.db
      .deleteFrom('policy_version')
      .where('policy_arn', '=', policy.arn)
      .where('version', '=', version)
      .execute()
    return undefined
  },

  async SetDefaultPolicyVersion(context) {
    const policy = await namedPolicy(context)
    const { version } = await namedVersion(context, policy)
    await context.catalog.db
      .updateTable('policy')
      .set({ default_version: version, updated_at: context.clock.now() })
      .where('arn', '=', policy.arn)
      .execute()
    return undefined
  },

  async ListEntitiesForPolicy(context) {
    const arn = context.parameters.required('PolicyArn')
    const roles = await attachments(context.catalog.db, arn)
    const member = roles.map((role) => ({ RoleName: role.role_name, RoleId: role.role_id }))
    return { PolicyGroups: '', PolicyUsers: '', PolicyRoles: { member }, IsTruncated: false }
  },

  async TagPolicy(context) {
    const policy = await namedPolicy(context)
    const tags = { ...(JSON.parse(policy.tags) as Record<string, string>), ...context.parameters.tags() }
    await setTags(context, policy, checkTags(tags))
    return undefined
  },

  async UntagPolicy(context) {
    const policy = await namedPolicy(context)
    const removed = context.parameters.list('TagKeys')
    const kept = Object.entries(JSON.parse(policy.tags) as Record<string, string>).filter(
      ([key]) => !removed.includes(key),
    )
    await setTags(context, policy, JSON.stringify(Object.fromEntries(kept)))
    return undefined
  },

  async ListPolicyTags(context) {
    const policy = await namedPolicy(context)
    return { Tags: { member: tagFields(policy.tags) }, IsTruncated: false }
  },
}

async function namedPolicy(context: IamContext): Promise<PolicyTable> {
  const arn = context.parameters.required('PolicyArn')
  const policy = await context.catalog.db
    .selectFrom('policy')
    .selectAll()
    .where('arn', '=', arn)
    .where('account_id', '=', context.caller.accountId)
    .executeTakeFirst()
  if (!policy) throw new QueryFault(404, 'NoSuchEntity', `Policy ${arn} was not found.`)
  return policy
}

async function namedVersion(
  context: IamContext,
  policy: PolicyTable,
): Promise<{ version: string; document: string; created_at: number }> {
  const version = context.parameters.required('VersionId')
  const row = await context.catalog.db
    .selectFrom('policy_version')
    .selectAll()
    .where('policy_arn', '=', policy.arn)
    .where('version', '=', version)
    .executeTakeFirst()
  if (!row) {
    throw new QueryFault(
      404,
      'NoSuchEntity',
      `Policy ${policy.arn} version ${version} does not exist or is not attachable.`,
    )
  }
  return row
}

async function setTags(context: IamContext, policy: PolicyTable, tags: string): Promise<void> {
  await context.catalog.db.updateTable('policy').set({ tags }).where('arn', '=', policy.arn).execute()
}

function attachments(db: CatalogQueries, arn: string): Promise<{ role_name: string; role_id: string }[]> {
  return db
    .selectFrom('role_attachment')
    .innerJoin('role', (join) =>
      join
        .onRef('role.account_id', '=', 'role_attachment.account_id')
        .onRef('role.name', '=', 'role_attachment.role_name'),
    )
    .select(['role_attachment.role_name', 'role.role_id'])
    .where('policy_arn', '=', arn)
    .orderBy('role_attachment.role_name')
    .execute()
}

async function policyFields(db: CatalogQueries, policy: PolicyTable): Promise<XmlFields> {
  const tags = tagFields(policy.tags)
  return {
    PolicyName: policy.name,
    PolicyId: policy.policy_id,
    Arn: policy.arn,
    Path: policy.path,
    DefaultVersionId: policy.default_version,
    AttachmentCount: (await attachments(db, policy.arn)).length,
    PermissionsBoundaryUsageCount: 0,
    IsAttachable: true,
    Description: policy.description ?? undefined,
    CreateDate: iamTime(policy.created_at),
    UpdateDate: iamTime(policy.updated_at),
    ...(tags.length > 0 && { Tags: { member: tags } }),
  }
}
