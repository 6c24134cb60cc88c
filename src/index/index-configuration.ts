/** Which package indexes are asked, and how: what pip and uv are configured to do. */
export interface IndexConfiguration {
  /** In the order in which they are asked. URLs may hold credentials: never print them, use `redactUrl`. */
  readonly indexes: readonly ConfiguredIndex[]
  /** Places that a lock names, with their credentials; asked for nothing else. */
  readonly lockedPlaces?: readonly string[] | undefined
  /** Folders, pages and files that are searched beside the indexes (`--find-links`). */
  readonly findLinks: readonly string[]
  /** Only `findLinks` are searched. */
  readonly noIndex: boolean
  /** A file or folder of certificates in PEM form that are trusted beside the system's own. */
  readonly certificateFiles: readonly string[]
  /** A certificate and key in one PEM file, shown to the index. */
  readonly clientCertificateFile?: string | undefined
  /** Given outside the proxy variables (`PIP_PROXY`). */
  readonly proxy?: string | undefined
  /** Hosts whose certificate is not checked, because a person asked for it. */
  readonly trustedHosts: readonly string[]
  readonly netrcFile?: string | undefined
  readonly timeoutSeconds: number
  readonly retries: number
  /**
   * `first-index`: only the first index that has the project is believed (uv); `all`: the files of all are one pool (pip). The former
   * keeps a public project from shadowing a private one of the same name.
   */
  readonly strategy: 'first-index' | 'all'
}

export interface ConfiguredIndex {
  /** Base of the simple API, `https://index.example/simple/`; may hold credentials. */
  readonly url: string
  /** From `UV_INDEX=name=url`. */
  readonly name?: string | undefined
}

/** The index of every Python tool that is told of no other. */
export const defaultIndexUrl = 'https://pypi.org/simple/'
