import { isDuplicate } from '../../store/database.ts'
import type { RoleTable } from '../../store/tables/access.ts'
import { QueryFault } from '../query/query-protocol.ts'
import {
  checkTags,
  pageOf,
  readDocument,
  readName,
  readPath,
  type IamAction,
  type IamContext,
} from './iam-operation.ts'
import { newIamId, requireRole, roleFields, tagFields } from './role.ts'

const roleNameLimit = 64
const policyNameLimit = 128
const sessionRange = { min: 3600, max: 43_200 }

/** Roles, their inline policies, attachments and tags. */
export const roleActions: Readonly<Record<string, IamAction>> = {
  async CreateRole({ catalog, clock, caller, parameters }) {
    const role: RoleTable = {
      account_id: caller.accountId,
      name: readName(parameters, 'RoleName', roleNameLimit),
      path: readPath(parameters),
      role_id: newIamId('AROA'),
      description: parameters.optional('Description') ?? null,
      trust_policy: readDocument(parameters, 'AssumeRolePolicyDocument'),
      max_session_seconds: parameters.integer('MaxSessionDuration', sessionRange) ?? 3600,
      permissions_boundary: parameters.optional('PermissionsBoundary') ?? null,
      tags: checkTags(parameters.tags()),
      created_at: clock.now(),
    }
    try {
      await catalog.db.insertInto('role').values(role).execute()
    } catch (error) {
      if (!isDuplicate(error)) throw error
      throw new QueryFault(409, 'EntityAlreadyExists', `Role with name ${role.name} already exists.`)
    }
    return { Role: roleFields(role, 'full') }
  },

  async GetRole(context) {
    return { Role: roleFields(await namedRole(context), 'full') }
  },

  async ListRoles({ catalog, caller, parameters }) {
    const prefix = parameters.optional('PathPrefix') ?? '/'
    const roles = await catalog.db
      .selectFrom('role')
      .selectAll()
      .where('account_id', '=', caller.accountId)
      .orderBy('name')
      .execute()
    const page = pageOf(
      roles.filter((role) => role.path.startsWith(prefix)),
      parameters,
      (role) => role.name,
    )
    return { Roles: { member: page.items.map((role) => roleFields(role, 'list')) }, ...page.fields }
  },

  async UpdateRole(context) {
    const { parameters } = context
    const seconds = parameters.integer('MaxSessionDuration', sessionRange)
    const description = parameters.optional('Description')
    await change(context, {
      ...(seconds !== undefined && { max_session_seconds: seconds }),
      ...(description !== undefined && { description }),
    })
    return {}
  },

  async UpdateRoleDescription(context) {
    await change(context, { description: context.parameters.optional('Description') ?? '' })
    return { Role: roleFields(await namedRole(context), 'full') }
  },

  async UpdateAssumeRolePolicy(context) {
    await change(context, { trust_policy: readDocument(context.parameters, 'PolicyDocument') })
    return undefined
  },

  async PutRolePermissionsBoundary(context) {
    await change(context, { permissions_boundary: context.parameters.required('PermissionsBoundary') })
    return undefined
  },

  async DeleteRolePermissionsBoundary(context) {
    await change(context, { permissions_boundary: null })
    return undefined
  },

  async DeleteRole(context) {
    const role = await namedRole(context)
    await context.catalog.transaction(async (db) => {
      const of = { account_id: role.account_id, role_name: role.name }
      const attached = await db
        .selectFrom('role_attachment')
        .selectAll()
        .where((where) => where.and(of))
        .execute()
      if (attached.length > 0) throw conflict('Cannot delete entity, must detach all policies first.')
      const inline = await db
        .selectFrom('role_policy')
        .select('name')
        .where((where) => where.and(of))
        .execute()
      if (inline.length > 0) throw conflict('Cannot delete entity, must delete policies first.')
      await db.deleteFrom('role').where('account_id', '=', role.account_id).where('name', '=', role.name).execute()
    })
    return undefined
  },

  async PutRolePolicy(context) {
    const role = await namedRole(context)
    const name = readName(context.parameters, 'PolicyName', policyNameLimit)
    const document = readDocument(context.parameters, 'PolicyDocument')
    await context.catalog.db
      .insertInto('role_policy')
      .values({ account_id: role.account_id, role_name: role.name, name, document })
      .onConflict((on) => on.columns(['account_id', 'role_name', 'name']).doUpdateSet({ document }))
      .execute()
    return undefined
  },

  async GetRolePolicy(context) {
    const role = await namedRole(context)
    const name = readName(context.parameters, 'PolicyName', policyNameLimit)
    const policy = (await inlinePolicies(context, role)).find((one) => one.name === name)
    if (!policy) throw noPolicy(name)
    return { RoleName: role.name, PolicyName: policy.name, PolicyDocument: encodeURIComponent(policy.document) }
  },

  async DeleteRolePolicy(context) {
    const role = await namedRole(context)
    const name = readName(context.parameters, 'PolicyName', policyNameLimit)
    const { numDeletedRows } = await context.catalog.db
      .deleteFrom('role_policy')
      .where('account_id', '=', role.account_id)
      .where('role_name', '=', role.name)
      .where('name', '=', name)
      .executeTakeFirstOrThrow()
    if (numDeletedRows === 0n) throw noPolicy(name)
    return undefined
  },

  async ListRolePolicies(context) {
    const policies = await inlinePolicies(context, await namedRole(context))
    const page = pageOf(policies, context.parameters, (policy) => policy.name)
    return { PolicyNames: { member: page.items.map((policy) => policy.name) }, ...page.fields }
  },

  /** AWS's own policies need not exist here; our own must. */
  async AttachRolePolicy(context) {
    const role = await namedRole(context)
    const arn = context.parameters.required('PolicyArn')
    const name = /^arn:aws[\w-]*:iam::(?:aws|\d{12}):policy\/(?:.*\/)?([^/]+)$/.exec(arn)?.[1]
    const isManaged = /^arn:aws[\w-]*:iam::aws:/.test(arn)
    const own = isManaged
      ? undefined
      : await context.catalog.db.selectFrom('policy').select('arn').where('arn', '=', arn).executeTakeFirst()
    if (name === undefined || (!isManaged && !own)) {
      throw new QueryFault(404, 'NoSuchEntity', `Policy ${arn} does not exist or is not attachable.`)
    }
    await context.catalog.db
      .insertInto('role_attachment')
      .values({ account_id: role.account_id, role_name: role.name, policy_arn: arn, policy_name: name })
      .onConflict((on) => on.columns(['account_id', 'role_name', 'policy_arn']).doNothing())
      .execute()
    return undefined
  },

  async DetachRolePolicy(context) {
    const role = await namedRole(context)
    const arn = context.parameters.required('PolicyArn')
    const { numDeletedRows } = await context.catalog.db
      .deleteFrom('role_attachment')
      .where('account_id', '=', role.account_id)
      .where('role_name', '=', role.name)
      .where('policy_arn', '=', arn)
      .executeTakeFirstOrThrow()
    if (numDeletedRows === 0n) throw new QueryFault(404, 'NoSuchEntity', `Policy ${arn} was not found.`)
    return undefined
  },

  async ListAttachedRolePolicies(context) {
    const role = await namedRole(context)
    const attached = await context.catalog.db
      .selectFrom('role_attachment')
      .select(['policy_arn', 'policy_name'])
      .where('account_id', '=', role.account_id)
      .where('role_name', '=', role.name)
      .orderBy('policy_arn')
      .execute()
    const page = pageOf(attached, context.parameters, (one) => one.policy_arn)
    const member = page.items.map((one) => ({ PolicyName: one.policy_name, PolicyArn: one.policy_arn }))
    return { AttachedPolicies: { member }, ...page.fields }
  },

  /** Instance profiles are of EC2 and cannot be made here, so a role has none. Terraform asks before it deletes a role. */
  async ListInstanceProfilesForRole(context) {
    await namedRole(context)
    return { InstanceProfiles: '', IsTruncated: false }
  },

  async TagRole(context) {
    const role = await namedRole(context)
    const tags = { ...(JSON.parse(role.tags) as Record<string, string>), ...context.parameters.tags() }
    await change(context, { tags: checkTags(tags) })
    return undefined
  },

  async UntagRole(context) {
    const role = await namedRole(context)
    const removed = context.parameters.list('TagKeys')
    const kept = Object.entries(JSON.parse(role.tags) as Record<string, string>).filter(
      ([key]) => !removed.includes(key),
    )
    await change(context, { tags: JSON.stringify(Object.fromEntries(kept)) })
    return undefined
  },

  async ListRoleTags(context) {
    const role = await namedRole(context)
    return { Tags: { member: tagFields(role.tags) }, IsTruncated: false }
  },
}

function namedRole(context: IamContext): Promise<RoleTable> {
  const { catalog, caller, parameters } = context
  return requireRole(catalog.db, caller.accountId, readName(parameters, 'RoleName', roleNameLimit))
}

async function change(context: IamContext, values: Partial<RoleTable>): Promise<void> {
  const role = await namedRole(context)
  if (Object.keys(values).length === 0) return
  await context.catalog.db
    .updateTable('role')
    .set(values)
    .where('account_id', '=', role.account_id)
    .where('name', '=', role.name)
    .execute()
}

function inlinePolicies(context: IamContext, role: RoleTable): Promise<{ name: string; document: string }[]> {
  return context.catalog.db
    .selectFrom('role_policy')
    .select(['name', 'document'])
    .where('account_id', '=', role.account_id)
    .where('role_name', '=', role.name)
    .orderBy('name')
    .execute()
}

function conflict(message: string): QueryFault {
  return new QueryFault(409, 'DeleteConflict', message)
}

function noPolicy(name: string): QueryFault {
  return new QueryFault(404, 'NoSuchEntity', `The role policy with name ${name} cannot be found.`)
}
