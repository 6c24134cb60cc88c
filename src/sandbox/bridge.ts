/**
 * `--network bridge`: every environment has a network of its own with a way out to the internet, and none to the host, to its neighbours or to
 * 169.254.0.0/16, where clouds keep the keys of the machine. Needs root, `ip` and `nft`.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { sha256 } from '../base/digest.ts'

/** What a zygote needs to give an environment its end of a pair of interfaces. */
export interface BridgePort {
  /** The interface on the host; at most 15 characters. */
  readonly interface: string
  readonly bridge: string
  /** `10.213.0.7/16` */
  readonly address: string
  readonly gateway: string
}

const forwarding = '/proc/sys/net/ipv4/ip_forward'

export class Bridge {
  readonly name: string
  readonly #prefix: string
  readonly #taken = new Set<number>()

  private constructor(name: string, prefix: string) {
    this.name = name
    this.#prefix = prefix
  }

  /** Why there can be none here, or undefined when it can be tried. */
  static lacking(): string | undefined {
    if (process.getuid?.() !== 0) return 'only root may make interfaces and rules'
    const missing = (['ip', 'nft'] as const).filter((program) => !works(program))
    return missing.length > 0 ? `${missing.map((program) => `\`${program}\``).join(' and ')} cannot be run` : undefined
  }

  /** Removes what a service of this state folder left when it was killed. */
  static sweep(stateFolder: string): void {
    const name = nameFor(stateFolder)
    if (existsSync(interfaceFolder(name))) removeBridge(name)
  }

  /** Makes the bridge and its rules; what a service of the same state folder left is replaced. */
  static open(stateFolder: string): Bridge {
    const name = nameFor(stateFolder)
    removeBridge(name)
    const bridge = new Bridge(name, freePrefix(Number.parseInt(name.slice(2), 16)))
    const forwarded = read(forwarding).trim()
    const note = bridges().map(noteOf).find(Boolean) ?? `${forwardedBefore}${forwarded}`
    ip(`link add ${name} type bridge`, `link set ${name} alias ${note}`, `addr add ${bridge.#gateway}/16 dev ${name}`, `link set ${name} up`) // prettier-ignore
    nft(bridge.#rules())
    if (forwarded === '0') writeFileSync(forwarding, '1')
    return bridge
  }

  take(): BridgePort & { readonly giveBack: () => void } {
    let number = 2
    while (this.#taken.has(number)) number += 1
    this.#taken.add(number)
    return {
      interface: `${this.name}${number.toString(36)}`,
      bridge: this.name,
      address: `${this.#prefix}.${number >> 8}.${number & 0xff}/16`,
      gateway: this.#gateway,
      giveBack: () => this.#taken.delete(number),
    }
  }

  close(): void {
    removeBridge(this.name)
  }

  get #gateway(): string {
    return `${this.#prefix}.0.1`
  }

  #rules(): string {
    const { name } = this
    return `table ip ${name} {
      chain input { type filter hook input priority -10; policy accept; iifname "${name}" drop; }
      chain forward {
        type filter hook forward priority -10; policy accept;
        iifname "${name}" ip daddr 169.254.0.0/16 drop
        iifname "${name}" oifname "${name}" drop
        oifname "${name}" ct state established,related accept
        oifname "${name}" drop
      }
      chain postrouting { type nat hook postrouting priority 100; policy accept; ip saddr ${this.#prefix}.0.0/16 oifname != "${name}" masquerade; }
    }
    table ip6 ${name} {
      chain input { type filter hook input priority -10; policy accept; iifname "${name}" drop; }
      chain forward { type filter hook forward priority -10; policy accept; iifname "${name}" drop; }
    }`
  }
}

/** Of 15 characters that the kernel allows, five are left for the number of an environment. */
const nameFor = (stateFolder: string): string => `zy${sha256(stateFolder).slice(0, 8)}`

/** A network that no route of the machine leads to. */
function freePrefix(seed: number): string {
  const routes = execFileSync('ip', ['-4', 'route', 'show', 'table', 'all'], { encoding: 'utf8' })
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const prefix = `10.${100 + ((seed + attempt) % 100)}`
    if (!routes.includes(`${prefix}.`)) return prefix
  }
  throw new Error('every network from 10.100.0.0 to 10.199.0.0 is in use')
}

/** What the host's setting was before the first of our bridges, as a bridge tells it to the services that come after it. */
const forwardedBefore = 'forwarding-was-'

const interfaceFolder = (name: string): string => `/sys/class/net/${name}`
const noteOf = (bridge: string): string => read(`${interfaceFolder(bridge)}/ifalias`).trim()

/** Bridges of all services of this machine; the ports of one have longer names. */
function bridges(): string[] {
  return readdirSync('/sys/class/net').filter((name) => /^zy[0-9a-f]{8}$/.test(name))
}

/** Removes a bridge with its rules. The last one puts the setting of the host back: until then another service needs it. */
function removeBridge(name: string): void {
  const note = noteOf(name)
  remove(name)
  if (note !== `${forwardedBefore}0` || bridges().length > 0) return
  writeFileSync(forwarding, '0')
  // Another service may have begun in this very moment.
  if (bridges().length > 0) writeFileSync(forwarding, '1')
}

function remove(name: string): void {
  for (const [program, ...rest] of [
    ['ip', 'link', 'del', name],
    ['nft', 'delete', 'table', 'ip', name],
    ['nft', 'delete', 'table', 'ip6', name],
  ] as const) {
    try {
      execFileSync(program, rest, { stdio: 'ignore' })
    } catch {
      // It was not there.
    }
  }
}

function ip(...commands: string[]): void {
  execFileSync('ip', ['-batch', '-'], { input: commands.join('\n'), stdio: ['pipe', 'ignore', 'pipe'] })
}

function nft(rules: string): void {
  execFileSync('nft', ['-f', '-'], { input: rules, stdio: ['pipe', 'ignore', 'pipe'] })
}

function works(program: string): boolean {
  try {
    execFileSync(program, ['-V'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
