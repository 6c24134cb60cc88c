import type { NetworkMode, SandboxFacts, Tier } from './sandbox.ts'

/** What a function cannot do: each is tested with a function that tries (hostile.test.ts), in every tier that promises it. */
export const promises = {
  'read-others': "read another function's code, environment, keys or /tmp",
  'signal-others': 'see or signal the service or its neighbours',
  'read-host': "read the data folder or the host's variables",
  'reach-host': 'reach services on the loopback of the host, abstract sockets or 169.254.169.254',
  'write-code': 'write to /var/task, /opt or through a symbolic link of a layer',
  outlive: 'outlive its environment',
  'fill-disk': 'fill the disk',
  'fork-bound': 'fork without bound',
  'exceed-memory': 'use more memory than it was given',
  'gain-privileges': 'gain privileges: set-user-id programs, capabilities, namespaces and kernel doors are shut',
} as const

export type PromiseName = keyof typeof promises

export interface Lack {
  readonly promise: PromiseName
  /** What a function can do after all. */
  readonly because: string
}

/** What a tier does not hold on this machine: said in the banner, by `doctor`, and checked by `--untrusted`. */
export function lacksOf(tier: Tier, facts: SandboxFacts & { readonly network: NetworkMode }): readonly Lack[] {
  const lacks: Lack[] = []
  const lack = (when: boolean, promise: PromiseName, because: string): void => {
    if (when) lacks.push({ promise, because })
  }
  const plain = tier === 'process'
  lack(
    plain,
    'read-others',
    facts.hasOwnUsers
      ? 'the code of other functions lies where every user of the host may read it'
      : 'functions run as the user of the service and see all of its files and processes',
  )
  lack(
    plain && !facts.hasOwnUsers,
    'read-host',
    'functions run as the user of the service and may read what it may read',
  )
  lack(
    plain,
    'signal-others',
    facts.hasOwnUsers
      ? 'functions see the processes of the host, though they cannot signal them'
      : 'functions may signal every process of the service’s user',
  )
  lack(plain && !facts.hasOwnUsers, 'write-code', 'functions own the files they were unpacked from')
  lack(plain && !facts.hasOwnUsers, 'outlive', 'what leaves its session and clears its variables is not found again')
  lack(plain, 'fill-disk', 'nothing counts what a function writes to its temporary folder')
  lack(plain, 'gain-privileges', 'set-user-id programs of the host can be run')
  lack(!facts.limitsProcesses, 'fork-bound', 'nothing counts its processes')
  lack(
    plain || facts.network === 'host',
    'reach-host',
    'it shares the network of the host, with its loopback and abstract sockets',
  )
  lack(!plain && !facts.filtersCalls, 'gain-privileges', 'no filter of system calls is known for this machine')
  lack(!facts.limitsMemory, 'exceed-memory', 'memory is looked at every 25 ms, and a burst in between is seen late')
  return lacks
}

/** Promises without which code of strangers must not be run; a burst of memory in between two looks is not among them. */
export const untrustedPromises: readonly PromiseName[] = (Object.keys(promises) as PromiseName[]).filter(
  (name) => name !== 'exceed-memory',
)
