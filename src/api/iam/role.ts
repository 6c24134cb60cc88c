/** Roles: stored and returned, and what their policies grant is asked by `service/authorizer.ts`. */
import { randomBytes } from 'node:crypto'
import type { CatalogQueries } from '../../store/catalog.ts'
import type { RoleTable } from '../../store/tables/access.ts'
import { QueryFault } from '../query/query-protocol.ts'
import type { XmlFields } from '../xml/xml-writer.ts'

export async function findRole(db: CatalogQueries, accountId: string, name: string): Promise<RoleTable | undefined> {
  return db
    .selectFrom('role')
    .selectAll()
    .where('account_id', '=', accountId)
    .where('name', '=', name)
    .executeTakeFirst()
}

/** @throws NoSuchEntity */
export async function requireRole(db: CatalogQueries, accountId: string, name: string): Promise<RoleTable> {
  const role = await findRole(db, accountId, name)
  if (!role) throw new QueryFault(404, 'NoSuchEntity', `The role with name ${name} cannot be found.`)
  return role
}

export function roleArn(role: RoleTable): string {
  return `arn:aws:iam::${role.account_id}:role${role.path}${role.name}`
}

export function roleFields(role: RoleTable, detail: 'full' | 'list'): XmlFields {
  const tags = tagFields(role.tags)
  return {
    Path: role.path,
    RoleName: role.name,
    RoleId: role.role_id,
    Arn: roleArn(role),
    CreateDate: iamTime(role.created_at),
    AssumeRolePolicyDocument: encodeURIComponent(role.trust_policy),
    Description: role.description ?? undefined,
    MaxSessionDuration: role.max_session_seconds,
    ...(detail === 'full' && {
      ...(role.permissions_boundary !== null && {
        PermissionsBoundary: {
          PermissionsBoundaryType: 'Policy',
          PermissionsBoundaryArn: role.permissions_boundary,
        },
      }),
      ...(tags.length > 0 && { Tags: { member: tags } }),
      RoleLastUsed: {},
    }),
  }
}

export function tagFields(json: string): readonly XmlFields[] {
  return Object.entries(JSON.parse(json) as Record<string, string>).map(([Key, Value]) => ({ Key, Value }))
}

/** Whole seconds, as IAM writes times. */
export function iamTime(time: number): string {
  return `${new Date(time).toISOString().slice(0, 19)}Z`
}

/** `AROA…`, `ANPA…`: the prefix and 17 letters and digits. */
export function newIamId(prefix: 'AROA' | 'ANPA'): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
  return prefix + [...randomBytes(17)].map((byte) => alphabet[byte % 32]).join('')
}
