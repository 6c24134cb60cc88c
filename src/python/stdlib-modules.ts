/**
 * Modules of CPython's standard library by the minor versions of Python 3 that have them.
 *
 * Source: `sys.stdlib_module_names` of CPython 3.8.18, 3.9.18, 3.10.13, 3.11.7, 3.12.1, 3.13.0, 3.14.10 (before 3.10 the files of the installed library),
 * printed by scripts/generate-stdlib-modules.py.
 */
// prettier-ignore
const table: readonly (readonly [first: number, last: number, names: string])[] = [
  [0, 8, '_dummy_thread dummy_threading'],
  [0, 9, '_bootlocale _ctypes_test _xxsubinterpreters _xxtestfuzz formatter parser symbol xxlimited xxsubtype'],
  [0, 10, 'binhex'],
  [0, 11, '_sha256 _sha512 asynchat asyncore distutils imp smtpd'],
  [0, 12, '_crypt aifc audioop cgi cgitb chunk crypt imghdr lib2to3 mailcap nis nntplib ossaudiodev pipes sndhdr spwd sunau telnetlib uu xdrlib'],
  [0, 13, '_compression'],
  [0, 99, '__future__ _abc _ast _asyncio _bisect _blake2 _bz2 _codecs _codecs_cn _codecs_hk _codecs_iso2022 _codecs_jp _codecs_kr _codecs_tw _collections _collections_abc _compat_pickle _contextvars _csv _ctypes _curses _curses_panel _datetime _decimal _elementtree _functools _hashlib _heapq _imp _io _json _locale _lsprof _lzma _markupbase _md5 _multibytecodec _multiprocessing _opcode _operator _osx_support _pickle _posixshmem _posixsubprocess _py_abc _pydecimal _pyio _queue _random _sha1 _sha3 _signal _sitebuiltins _socket _sqlite3 _sre _ssl _stat _statistics _string _strptime _struct _symtable _thread _threading_local _tkinter _tracemalloc _uuid _warnings _weakref _weakrefset abc antigravity argparse array ast asyncio atexit base64 bdb binascii bisect builtins bz2 cProfile calendar cmath cmd code codecs codeop collections colorsys compileall concurrent configparser contextlib contextvars copy copyreg csv ctypes curses dataclasses datetime dbm decimal difflib dis doctest email encodings ensurepip enum errno faulthandler fcntl filecmp fileinput fnmatch fractions ftplib functools gc genericpath getopt getpass gettext glob grp gzip hashlib heapq hmac html http idlelib imaplib importlib inspect io ipaddress itertools json keyword linecache locale logging lzma mailbox marshal math mimetypes mmap modulefinder multiprocessing netrc ntpath nturl2path numbers opcode operator optparse os pathlib pdb pickle pickletools pkgutil platform plistlib poplib posix posixpath pprint profile pstats pty pwd py_compile pyclbr pydoc pydoc_data pyexpat queue quopri random re readline reprlib resource rlcompleter runpy sched secrets select selectors shelve shlex shutil signal site smtplib socket socketserver sqlite3 sre_compile sre_constants sre_parse ssl stat statistics string stringprep struct subprocess symtable sys sysconfig syslog tabnanny tarfile tempfile termios test textwrap this threading time timeit tkinter token tokenize trace traceback tracemalloc tty turtle turtledemo types typing unicodedata unittest urllib uuid venv warnings wave weakref webbrowser wsgiref xml xmlrpc zipapp zipfile zipimport zlib'],
  [9, 9, '_peg_parser'],
  [9, 11, '_bootsubprocess'],
  [9, 99, '_aix_support _zoneinfo graphlib zoneinfo'],
  [10, 12, '_msi msilib'],
  [10, 99, '_dbm _frozen_importlib _frozen_importlib_external _gdbm _overlapped _scproxy _winapi msvcrt nt winreg winsound'],
  [11, 99, '_tokenize _typing tomllib'],
  [12, 99, '_pydatetime _pylong _sha2'],
  [13, 99, '_android_support _colorize _interpchannels _interpqueues _interpreters _ios_support _opcode_metadata _pyrepl _suggestions _sysconfig _wmi'],
  [14, 99, '_apple_support _ast_unparse _hmac _py_warnings _remote_debugging _types _zstd annotationlib compression'],
]

const ranges = new Map(
  table.flatMap(([first, last, names]) => names.split(' ').map((name) => [name, { first, last }] as const)),
)

/** Whether this top-level module belongs to the standard library of Python `3.minor`. */
export function isStandardLibrary(module: string, minor: number): boolean {
  const range = ranges.get(module)
  return range !== undefined && minor >= range.first && minor <= range.last
}

/** The version without the module, when the standard library once had it: `{ removedIn: 12 }` for distutils. */
export function standardLibraryHistory(
  module: string,
): { readonly addedIn?: number; readonly removedIn?: number } | undefined {
  const range = ranges.get(module)
  return (
    range && {
      ...(range.first > 0 ? { addedIn: range.first } : {}),
      ...(range.last < 99 ? { removedIn: range.last + 1 } : {}),
    }
  )
}
