/**
 * Modules compiled into CPython itself on Linux, 3.8 to 3.14: they win over every file. Source: `sys.builtin_module_names` of
 * CPython 3.8.18, 3.9.18, 3.10.13, 3.11.7, 3.12.1, 3.13.0 and 3.14.10; Amazon's builds may hold a few more.
 */
// prettier-ignore
export const builtinModules: ReadonlySet<string> = new Set([
  '_abc', '_ast', '_codecs', '_collections', '_functools', '_imp', '_io', '_locale', '_operator', '_signal', '_sre', '_stat', '_string',
  '_symtable', '_thread', '_tokenize', '_tracemalloc', '_warnings', '_weakref', 'atexit', 'builtins', 'errno', 'faulthandler',
  'gc', 'itertools', 'marshal', 'posix', 'pwd', 'sys', 'time',
])
