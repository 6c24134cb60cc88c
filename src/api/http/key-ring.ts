/** An access key of the service, or the temporary key of a function's role. */
export interface AccessKey {
  readonly secret: string
  /** Temporary keys are valid only together with it. */
  readonly sessionToken?: string | undefined
  /** 12 digits. */
  readonly accountId: string
  /** `arn:aws:iam::123456789012:user/zipyard`, or an assumed role. */
  readonly arn: string
  readonly kind: 'user' | 'role'
}

/** Port: whose access key is this? Called on every request, so it answers from memory. */
export interface KeyRing {
  find(accessKeyId: string): AccessKey | undefined
}
