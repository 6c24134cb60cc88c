/**
 * The access keys of the service: kept in the catalog, held in memory because every request asks for one.
 *
 * A key that is added or revoked is committed before the answer, and counts from the next request on.
 */
import { randomBytes } from 'node:crypto'
import type { Clock } from '../base/clock.ts'
import { defineError } from '../base/errors.ts'
import type { AccessKey as KeyRingKey, KeyRing } from '../api/http/key-ring.ts'
import type { Catalog } from '../store/catalog.ts'
import type { AccessKeyTable } from '../store/tables/access.ts'

/** The first account of a service. */
export const firstAccountId = '123456789012'

export interface AccessKey extends KeyRingKey {
  readonly accessKeyId: string
  readonly name: string | undefined
  readonly createdAt: number
  readonly expiresAt?: number | undefined
}

export const invalidAccountId = defineError('ZY0613', 'usage', (p: { text: string }) => ({
  message: `\`${p.text}\` is not an account: it needs 12 digits`,
  hint: `Write an id such as \`${firstAccountId}\``,
}))

export const unknownAccessKey = defineError('ZY0614', 'refused', (p: { accessKeyId: string }) => ({
  message: `There is no access key \`${p.accessKeyId}\``,
  hint: 'See `zipyard keys list`',
}))

export const keyNameTaken = defineError('ZY0615', 'refused', (p: { name: string }) => ({
  message: `A key named \`${p.name}\` is there already`,
  hint: 'Choose another name, or revoke that key first',
}))

export const lastKey = defineError('ZY0616', 'refused', (p: { accessKeyId: string }) => ({
  message: `\`${p.accessKeyId}\` is the key that the commands of this machine use; revoking it would lock them out`,
  hint: 'Stop the service and remove its data folder to start anew',
}))

export class AccessKeys implements KeyRing {
  readonly #catalog: Catalog
  readonly #clock: Clock
  readonly #keys = new Map<string, AccessKey>()
  #first: AccessKey | undefined

  private constructor(catalog: Catalog, clock: Clock) {
    this.#catalog = catalog
    this.#clock = clock
  }

  /** Loads the keys, and makes the first one in a new data folder. */
  static async open(catalog: Catalog, clock: Clock): Promise<AccessKeys> {
    const keys = new AccessKeys(catalog, clock)
    await keys.#forgetExpired()
    const rows = await catalog.db
      .selectFrom('access_key')
      .selectAll()
      .where('revoked_at', 'is', null)
      .orderBy('created_at')
      .execute()
    for (const row of rows) keys.#remember(fromRow(row))
    keys.#first = [...keys.#keys.values()].find(
      (key) => key.kind === 'user' && key.accountId === firstAccountId && key.expiresAt === undefined,
    )
    keys.#first ??= await keys.add('zipyard', firstAccountId)
    return keys
  }

  /** The key pair that `zipyard env` hands out. */
  get first(): AccessKey {
    return this.#first!
  }

  find(accessKeyId: string): AccessKey | undefined {
    const key = this.#keys.get(accessKeyId)
    if (key?.expiresAt === undefined || key.expiresAt > this.#clock.now()) return key
    this.#keys.delete(accessKeyId)
    return undefined
  }

  list(): readonly AccessKey[] {
    return [...this.#keys.values()].filter((key) => key.kind === 'user' && key.expiresAt === undefined)
  }

  async add(name: string, accountId: string): Promise<AccessKey> {
    if (!/^\d{12}$/.test(accountId)) throw invalidAccountId({ text: accountId })
    if (this.list().some((key) => key.name === name && key.accountId === accountId)) throw keyNameTaken({ name })
    const key: AccessKey = {
      accessKeyId: `AKIA${randomCode(16)}`,
      secret: randomBytes(30).toString('base64url'),
      name,
      accountId,
      arn: `arn:aws:iam::${accountId}:user/${name}`,
      kind: 'user',
      createdAt: this.#clock.now(),
    }
    await this.#catalog.db.insertInto('access_key').values(toRow(key)).execute()
    this.#remember(key)
    return key
  }

  async revoke(accessKeyId: string): Promise<void> {
    if (accessKeyId === this.#first?.accessKeyId) throw lastKey({ accessKeyId })
    if (!this.#keys.has(accessKeyId)) throw unknownAccessKey({ accessKeyId })
    await this.#catalog.db
      .updateTable('access_key')
      .set({ revoked_at: this.#clock.now() })
      .where('access_key_id', '=', accessKeyId)
      .execute()
    this.#keys.delete(accessKeyId)
  }

  /** Short-lived keys of a role, in memory: they end with the service, unless they are kept. The principal may call only what is granted to the role. */
  issueForRole(
    roleArn: string,
    sessionName: string,
    lifetimeMs: number,
  ): AccessKey & { readonly sessionToken: string } {
    const [, , , , account = firstAccountId, resource = 'role/unnamed'] = roleArn.split(':')
    const arn = `arn:aws:sts::${account}:assumed-role/${resource.split('/').at(-1)!}/${sessionName}`
    return this.#issue({ accountId: account, arn, kind: 'role' }, lifetimeMs)
  }

  /** Short-lived keys of a user itself. */
  issueForUser(
    user: { readonly accountId: string; readonly arn: string },
    lifetimeMs: number,
  ): AccessKey & { readonly sessionToken: string } {
    return this.#issue({ accountId: user.accountId, arn: user.arn, kind: 'user' }, lifetimeMs)
  }

  /** Makes short-lived keys outlive a restart, as those must that STS hands out. Those of an execution environment end with it. */
  async keep<Key extends AccessKey>(key: Key): Promise<Key> {
    await this.#forgetExpired()
    await this.#catalog.db.insertInto('access_key').values(toRow(key)).execute()
    return key
  }

  /** Ends the keys of an execution environment that is gone. */
  forget(accessKeyId: string): void {
    this.#keys.delete(accessKeyId)
  }

  async #forgetExpired(): Promise<void> {
    await this.#catalog.db.deleteFrom('access_key').where('expires_at', '<=', this.#clock.now()).execute()
  }

  #issue(
    principal: Pick<AccessKey, 'accountId' | 'arn' | 'kind'>,
    lifetimeMs: number,
  ): AccessKey & { readonly sessionToken: string } {
    const key = {
      ...principal,
      accessKeyId: `ASIA${randomCode(16)}`,
      secret: randomBytes(30).toString('base64url'),
      sessionToken: randomBytes(48).toString('base64url'),
      name: undefined,
      createdAt: this.#clock.now(),
      expiresAt: this.#clock.now() + lifetimeMs,
    }
    this.#remember(key)
    return key
  }

  #remember(key: AccessKey): void {
    this.#keys.set(key.accessKeyId, key)
  }
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

function randomCode(length: number): string {
  return [...randomBytes(length)].map((byte) => alphabet[byte % 32]).join('')
}

function fromRow(row: AccessKeyTable): AccessKey {
  return {
    accessKeyId: row.access_key_id,
    secret: row.secret_access_key,
    sessionToken: row.session_token ?? undefined,
    name: row.name ?? undefined,
    accountId: row.account_id,
    arn: row.principal_arn,
    kind: row.kind,
    createdAt: row.created_at,
    expiresAt: row.expires_at ?? undefined,
  }
}

function toRow(key: AccessKey): AccessKeyTable {
  return {
    access_key_id: key.accessKeyId,
    secret_access_key: key.secret,
    session_token: key.sessionToken ?? null,
    name: key.name ?? null,
    account_id: key.accountId,
    principal_arn: key.arn,
    kind: key.kind,
    created_at: key.createdAt,
    expires_at: key.expiresAt ?? null,
    revoked_at: null,
  }
}
