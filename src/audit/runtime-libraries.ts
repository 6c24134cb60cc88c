import type { PythonRuntime } from '../lambda/runtimes.ts'

/**
 * Shared libraries that a runtime has, and those that packages often ask for in vain.
 *
 * AWS publishes no list. These are what the distributions behind the runtimes carry in their base, public issue threads on what is
 * missing (docker-lambda#318, Klayers#160, pyvips#349, node-ibm_db#866), and lddtree-like readings of wheels that are known to load.
 * A name on neither list is reported as a warning, never as an error.
 */
export const runtimeLibrariesSource = {
  asOf: '2026-11-22',
  source: 'Amazon Linux package lists and public issue threads; not a dump of the images',
} as const

/** glibc's own libraries and the compiler's: there on every runtime. */
// prettier-ignore
const base = ['libc.so.6', 'libm.so.6', 'libdl.so.2', 'libpthread.so.0', 'librt.so.1', 'libutil.so.1', 'libresolv.so.2', 'libanl.so.1', 'libBrokenLocale.so.1', 'libthread_db.so.1', 'libnss_dns.so.2', 'libnss_files.so.2', 'ld-linux-x86-64.so.2', 'ld-linux-aarch64.so.1', 'libgcc_s.so.1', 'libstdc++.so.6']

// prettier-ignore
const shared = ['libz.so.1', 'libbz2.so.1', 'liblzma.so.5', 'libexpat.so.1', 'libsqlite3.so.0', 'libcurl.so.4', 'libgmp.so.10', 'libacl.so.1', 'libattr.so.1', 'libcap.so.2', 'libselinux.so.1', 'libxml2.so.2', 'libuuid.so.1', 'libblkid.so.1', 'libmount.so.1', 'libkrb5.so.3', 'libgssapi_krb5.so.2', 'libcom_err.so.2', 'libk5crypto.so.3', 'libkrb5support.so.0', 'libnghttp2.so.14', 'libidn2.so.0', 'libunistring.so.2']

// prettier-ignore
const byOperatingSystem: Readonly<Record<PythonRuntime['operatingSystem'], readonly string[]>> = {
  'Amazon Linux': ['libnsl.so.1', 'libcrypt.so.1', 'libffi.so.6', 'libssl.so.10', 'libcrypto.so.10', 'libreadline.so.6', 'libncurses.so.5', 'libtinfo.so.5', 'libgdbm.so.2', 'libpcre.so.0'],
  'Amazon Linux 2': ['libnsl.so.1', 'libcrypt.so.1', 'libffi.so.6', 'libssl.so.10', 'libcrypto.so.10', 'libreadline.so.6', 'libncurses.so.6', 'libncursesw.so.6', 'libtinfo.so.6', 'libgdbm.so.4', 'libpcre.so.1', 'libglib-2.0.so.0', 'libpanelw.so.6'],
  'Amazon Linux 2023': ['libcrypt.so.2', 'libffi.so.8', 'libssl.so.3', 'libcrypto.so.3', 'libreadline.so.8', 'libncurses.so.6', 'libncursesw.so.6', 'libtinfo.so.6', 'libpcre2-8.so.0', 'libzstd.so.1', 'liblz4.so.1', 'libglib-2.0.so.0', 'libpanelw.so.6'],
}

/** Known to be missing on every runtime, with what to do about it. */
const absentEverywhere: readonly (readonly [RegExp, string])[] = [
  [
    /^libGL\.so|^libEGL\.so|^libGLX|^libOpenGL/,
    'Use a headless build: `opencv-python-headless` instead of `opencv-python`',
  ],
  [
    /^libg(?:thread|object|io|module)-2\.0\.so/,
    'Use a headless build: `opencv-python-headless` instead of `opencv-python`',
  ],
  [/^lib(?:X11|Xext|Xrender|SM|ICE|xcb|Xi|Xt|Xau)\b/, 'Use a build without a graphical interface'],
  [/^libgomp\.so/, 'Use a wheel from the package index, which brings its own, or pack the library into `lib/`'],
  [
    /^libgfortran\.so|^libquadmath\.so/,
    'Use a wheel from the package index, which brings its own, or pack the library into `lib/`',
  ],
  [/^libpq\.so/, 'Use `psycopg2-binary` or `psycopg[binary]`, which bring it'],
  [/^lib(?:mysqlclient|mariadb)/, 'Use `PyMySQL`, which needs no library, or pack the library into `lib/`'],
  [/^lib(?:odbc|iodbc|tdsodbc)/, 'Pack unixODBC and the driver into `lib/` of the package or a layer'],
  [
    /^lib(?:cairo|pango|gdk|poppler|MagickWand|vips|sndfile|magic|zbar|tesseract|leptonica|gs)\b/,
    'Pack the library into `lib/` of the package or a layer',
  ],
  // The name that `auditwheel` gives to what it packs: no system has it.
  [
    /^lib.+-[0-9a-f]{8}\.so|^lib.+-[0-9a-f]{8}\.[\d.]+so/,
    'Install the distribution again: a part of its folder `NAME.libs` is gone',
  ],
  [/^libc\.musl-|^ld-musl-/, 'The file is for Alpine Linux (musl): use a `manylinux` wheel'],
]

const gone: Readonly<Record<PythonRuntime['operatingSystem'], RegExp>> = {
  'Amazon Linux': /^lib(?:ssl|crypto)\.so\.(?:1\.1|3)$|^libffi\.so\.[78]$|^libcrypt\.so\.2$/,
  'Amazon Linux 2': /^lib(?:ssl|crypto)\.so\.3$|^libffi\.so\.[78]$|^libcrypt\.so\.2$/,
  'Amazon Linux 2023':
    /^lib(?:ssl|crypto)\.so\.(?:10|1\.0\.0|1\.1)$|^libffi\.so\.[67]$|^libcrypt\.so\.1$|^libnsl\.so\.1$/,
}

export type LibraryPresence =
  | { readonly is: 'present' }
  | { readonly is: 'absent'; readonly hint: string }
  | { readonly is: 'unknown' }

/** Whether the runtime has a library of this SONAME. */
export function libraryOnRuntime(soname: string, runtime: PythonRuntime): LibraryPresence {
  let known = answers.get(runtime)
  if (!known) answers.set(runtime, (known = new Map()))
  let presence = known.get(soname)
  if (!presence) known.set(soname, (presence = judge(soname, runtime)))
  return presence
}

/** Hundreds of libraries of a package ask for the same few. */
const answers = new WeakMap<PythonRuntime, Map<string, LibraryPresence>>()

function judge(soname: string, runtime: PythonRuntime): LibraryPresence {
  if (base.includes(soname) || shared.includes(soname) || byOperatingSystem[runtime.operatingSystem].includes(soname))
    return { is: 'present' }
  if (soname === `libpython${runtime.python}.so.1.0` || soname === 'libpython3.so') return { is: 'present' }
  if (/^libpython\d/.test(soname))
    return { is: 'absent', hint: `Use a wheel for ${runtime.id}: this file is for another Python` }
  const absent = absentEverywhere.find(([pattern]) => pattern.test(soname))
  if (absent) return { is: 'absent', hint: absent[1] }
  if (gone[runtime.operatingSystem].test(soname))
    return {
      is: 'absent',
      hint: `${runtime.operatingSystem} has another version of it: use a wheel from the package index, which brings its own`,
    }
  return { is: 'unknown' }
}

const parts = (version: string): number[] => version.split('.').map(Number)

/** The libraries whose symbol versions are compared, by the prefix of their versions. */
export function symbolVersionLimits(runtime: PythonRuntime): Readonly<Record<string, readonly number[]>> {
  return { GLIBC: [...runtime.glibc], GLIBCXX: parts(runtime.glibcxx), CXXABI: parts(runtime.cxxabi) }
}

/** A symbol version that a library needs and a runtime does not have. */
export interface ExcessVersion {
  /** `GLIBC`, `GLIBCXX` or `CXXABI` */
  readonly prefix: string
  /** `GLIBC_2.38` */
  readonly version: string
  /** The library that would have it, `libc.so.6`. */
  readonly library: string
  readonly parts: readonly number[]
}

/**
 * The newest of the symbol versions that the loader would miss on a runtime, one per prefix. `isOurs` says which libraries are found in
 * the package before the runtime's: their versions do not count.
 */
export function excessVersions(
  versions: Readonly<Record<string, readonly string[]>>,
  runtime: PythonRuntime,
  isOurs: (library: string) => boolean,
): readonly ExcessVersion[] {
  const worst = new Map<string, ExcessVersion>()
  for (const library in versions) {
    if (libraryOnRuntime(library, runtime).is !== 'present') continue
    let ours: boolean | undefined
    for (const version of versions[library]!) {
      const excess = excessOf(version, runtime)
      if (!excess || (ours ??= isOurs(library))) continue
      const { prefix, parts: found } = excess
      const known = worst.get(prefix)
      if (!known || compareParts(found, known.parts) > 0) worst.set(prefix, { prefix, version, library, parts: found })
    }
  }
  return [...worst.values()]
}

/** Hundreds of libraries of a package ask for the same few. */
const excesses = new WeakMap<PythonRuntime, Map<string, Pick<ExcessVersion, 'prefix' | 'parts'> | undefined>>()

/** A symbol version in its parts, when it is newer than what the runtime has. */
function excessOf(version: string, runtime: PythonRuntime): Pick<ExcessVersion, 'prefix' | 'parts'> | undefined {
  let known = excesses.get(runtime)
  if (!known) excesses.set(runtime, (known = new Map()))
  if (known.has(version)) return known.get(version)
  const match = /^(GLIBC|GLIBCXX|CXXABI)_(\d+(?:\.\d+)*)$/.exec(
    version === 'GLIBC_ABI_DT_RELR' ? 'GLIBC_2.36' : version,
  )
  const found = match && { prefix: match[1]!, parts: parts(match[2]!) }
  const excess = found && compareParts(found.parts, symbolVersionLimits(runtime)[found.prefix]!) > 0 ? found : undefined
  known.set(version, excess)
  return excess
}

/** Compares versions part by part: 2.9 comes before 2.17. */
export function compareParts(a: readonly number[], b: readonly number[]): number {
  for (let index = 0; index < Math.max(a.length, b.length); index++) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}
