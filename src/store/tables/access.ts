/** Who may sign requests, and the roles and policies of IAM. IAM knows no region. */
export interface AccessTables {
  access_key: AccessKeyTable
  role: RoleTable
  role_policy: RolePolicyTable
  role_attachment: RoleAttachmentTable
  policy: PolicyTable
  policy_version: PolicyVersionTable
}

export interface AccessKeyTable {
  access_key_id: string
  account_id: string
  /** In the clear: a signature can only be checked with the secret itself. The data folder has mode 0700. */
  secret_access_key: string
  /** `zipyard keys add --name`; unique among the account's keys that are not revoked. Null for temporary credentials. */
  name: string | null
  /** `arn:aws:iam::123456789012:user/zipyard`, `arn:aws:sts::…:assumed-role/NAME/SESSION` */
  principal_arn: string
  kind: 'user' | 'role'
  /** Temporary credentials only: must be sent with every request. */
  session_token: string | null
  created_at: number
  /** Temporary credentials only. */
  expires_at: number | null
  revoked_at: number | null
}

export interface RoleTable {
  account_id: string
  name: string
  path: string
  /** `AROA…` */
  role_id: string
  description: string | null
  /** JSON as sent. */
  trust_policy: string
  max_session_seconds: number
  permissions_boundary: string | null
  /** JSON object. */
  tags: string
  created_at: number
}

/** An inline policy. */
export interface RolePolicyTable {
  account_id: string
  role_name: string
  name: string
  document: string
}

export interface RoleAttachmentTable {
  account_id: string
  role_name: string
  policy_arn: string
  policy_name: string
}

export interface PolicyTable {
  account_id: string
  name: string
  arn: string
  path: string
  /** `ANPA…` */
  policy_id: string
  description: string | null
  default_version: string
  /** The number of the next version: numbers are never used twice. */
  next_version: number
  tags: string
  created_at: number
  updated_at: number
}

export interface PolicyVersionTable {
  policy_arn: string
  version: string
  document: string
  created_at: number
}
