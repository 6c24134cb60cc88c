/**
 * Packages as other tools make them, and what a function finds of each in `/var/task`.
 *
 * One table for two readers: `test/scenarios/foreign-packages.test.ts` makes every package with the tool itself, uploads it and
 * compares; docs/reference/uploads.md shows it.
 */

/** Where it is known from that AWS does the same. `unverified`: it is what the format says, and nobody wrote down AWS's answer. */
export type Evidence = 'recorded' | 'documented' | 'unverified'

export interface ForeignPackage {
  readonly tool: string
  /** The command that must be on PATH. */
  readonly command: string
  /** A shell line that packs the folder it runs in into `../package.zip`. */
  readonly shell: string
  /** What people know it by, when the shell line is only a likeness. */
  readonly shown?: string
  /** Lines of `sourceTree`'s kind, sorted by path; or that Lambda refuses the upload. */
  readonly finds: readonly string[] | 'refused'
  readonly evidence: Evidence
  readonly source: string
}

/** The folder that is packed: permission bits and path. `link.py` is a symbolic link to `app.py`. */
export const sourceTree: readonly string[] = [
  '0644 app.py',
  '0755 bin/',
  '0755 bin/run.sh',
  '0644 data.txt',
  'link.py -> app.py',
  '0755 pkg/',
  '0644 pkg/__init__.py',
]

/** The tree with some lines replaced by others of the same path, and with more. */
function but(...lines: readonly string[]): readonly string[] {
  const replaced = new Set(lines.map(pathOf))
  const kept = sourceTree.filter((line) => !replaced.has(pathOf(line)))
  return [...kept, ...lines].sort((a, b) => (pathOf(a) < pathOf(b) ? -1 : 1))
}

/** @example pathOf('0644 app.py') // 'app.py' */
export function pathOf(line: string): string {
  return line.replace(/^[0-7]{4} /, '').replace(/ -> .*$/, '')
}

const linkFollowed = '0644 link.py'
/** Names with backslashes, made by a system without permission bits. */
const dotnet = `python3 -c '
import os, zipfile
with zipfile.ZipFile("../package.zip", "w", zipfile.ZIP_DEFLATED) as package:
    for folder, _, names in os.walk("."):
        for name in names:
            path = os.path.relpath(os.path.join(folder, name))
            entry = zipfile.ZipInfo(path.replace("/", "\\\\"))
            entry.create_system, entry.external_attr, entry.compress_type = 0, 0, zipfile.ZIP_DEFLATED
            package.writestr(entry, open(path, "rb").read())
'`
/** A stream with data descriptors, folders, and an AppleDouble file beside each file with extended attributes. */
const ditto = `python3 -c '
import os, sys, zipfile
with zipfile.ZipFile(sys.stdout.buffer, "w", zipfile.ZIP_DEFLATED) as package:
    def add(name, bits, data):
        entry = zipfile.ZipInfo(name)
        entry.create_system, entry.external_attr, entry.compress_type = 3, bits << 16, zipfile.ZIP_DEFLATED
        package.writestr(entry, data)
    for folder, _, names in sorted(os.walk(".")):
        if folder != ".":
            add(folder[2:] + "/", 0o040755, b"")
        for name in sorted(names):
            path = os.path.normpath(os.path.join(folder, name))
            if os.path.islink(path):
                add(path, 0o120755, os.readlink(path).encode())
            else:
                add(path, os.stat(path).st_mode, open(path, "rb").read())
    add("__MACOSX/._app.py", 0o100644, b"\\0\\5\\26\\7\\0\\2\\0\\0Mac OS X        ")
' | cat > ../package.zip`

const page = 'AWS, "Deploy Python Lambda functions with .zip file archives"'
const format = 'the format says so'
const links = 'users report that links stay links'
const refusedMethod = 'no method but stored and deflate is known to be taken'

export const foreignPackages: readonly ForeignPackage[] = [
  {
    tool: 'Info-ZIP',
    command: 'zip',
    shell: 'zip -q -r ../package.zip .',
    finds: but(linkFollowed),
    evidence: 'documented',
    source: page,
  },
  {
    tool: 'Info-ZIP, without folders',
    command: 'zip',
    shell: 'zip -q -D -r ../package.zip .',
    finds: but(linkFollowed),
    evidence: 'unverified',
    source: format,
  },
  {
    tool: 'Info-ZIP, stored',
    command: 'zip',
    shell: 'zip -q -0 -r ../package.zip .',
    finds: but(linkFollowed),
    evidence: 'unverified',
    source: format,
  },
  {
    tool: 'Info-ZIP, links kept',
    command: 'zip',
    shell: 'zip -q -y -r ../package.zip .',
    finds: sourceTree,
    evidence: 'unverified',
    source: links,
  },
  {
    tool: 'Info-ZIP, as a stream',
    command: 'zip',
    shell: 'zip -q -r - . | cat > ../package.zip',
    finds: but(linkFollowed),
    evidence: 'unverified',
    source: 'users report that data descriptors are taken',
  },
  {
    tool: 'Info-ZIP, of a file that only its owner may read',
    command: 'zip',
    shell: 'chmod 600 data.txt && zip -q -r ../package.zip .',
    finds: but(linkFollowed, '0600 data.txt'),
    evidence: 'documented',
    source: `${page}: code and dependencies need to be readable by all`,
  },
  {
    tool: '7-Zip',
    command: '7z',
    shell: '7z a -tzip ../package.zip . > ../log.txt',
    finds: sourceTree,
    evidence: 'unverified',
    source: links,
  },
  {
    tool: '7-Zip, Deflate64',
    command: '7z',
    shell: '7z a -tzip -mm=Deflate64 ../package.zip . > ../log.txt',
    finds: 'refused',
    evidence: 'unverified',
    source: refusedMethod,
  },
  {
    tool: '7-Zip, LZMA',
    command: '7z',
    shell: '7z a -tzip -mm=LZMA ../package.zip . > ../log.txt',
    finds: 'refused',
    evidence: 'unverified',
    source: refusedMethod,
  },
  {
    tool: '7-Zip, BZip2',
    command: '7z',
    shell: '7z a -tzip -mm=BZip2 ../package.zip . > ../log.txt',
    finds: 'refused',
    evidence: 'unverified',
    source: refusedMethod,
  },
  {
    tool: '7-Zip, with a password',
    command: '7z',
    shell: '7z a -tzip -psecret ../package.zip . > ../log.txt',
    finds: 'refused',
    evidence: 'unverified',
    source: 'nothing in the API takes the password',
  },
  {
    tool: 'Python, `zipfile`',
    command: 'python3',
    shell: 'python3 -m zipfile -c ../package.zip *',
    finds: but(linkFollowed),
    evidence: 'unverified',
    source: format,
  },
  {
    tool: 'Python, `shutil`',
    command: 'python3',
    shell: `python3 -c 'import shutil; shutil.make_archive("../package", "zip", ".")'`,
    finds: but(linkFollowed),
    evidence: 'unverified',
    source: format,
  },
  {
    tool: 'Java, `jar`',
    command: 'jar',
    shell: 'jar cf ../package.zip .',
    finds: but(linkFollowed, '0644 bin/run.sh', '0755 META-INF/', '0644 META-INF/MANIFEST.MF'),
    evidence: 'documented',
    source:
      'AWS, "Creating a Deployment Package", takes a .jar file; that files without permission bits get 0644 is unverified',
  },
  {
    tool: 'libarchive, `bsdtar`',
    command: 'bsdtar',
    shell: 'bsdtar --format zip -cf - . | cat > ../package.zip',
    finds: sourceTree,
    evidence: 'unverified',
    source: 'users report that data descriptors are taken and that links stay links',
  },
  {
    tool: '.NET Framework before 4.6.1, Windows PowerShell 5',
    command: 'python3',
    shell: dotnet,
    shown: 'ZipFile.CreateFromDirectory, Compress-Archive',
    finds: ['0644 app.py', '0644 bin\\run.sh', '0644 data.txt', '0644 link.py', '0644 pkg\\__init__.py'],
    evidence: 'unverified',
    source: 'users report that such packages do not work',
  },
  {
    tool: 'macOS, Finder and `ditto`',
    command: 'python3',
    shell: ditto,
    shown: 'ditto -c -k --sequesterRsrc . ../package.zip',
    finds: but('0755 __MACOSX/', '0644 __MACOSX/._app.py'),
    evidence: 'unverified',
    source: format,
  },
  {
    tool: 'No zip tool',
    command: 'sh',
    shell: "echo 'this is no zip' > ../package.zip",
    finds: 'refused',
    evidence: 'recorded',
    source: 'CreateFunction with text instead of a zip, January 2026',
  },
]
