/** The floor plan: imports go strictly down; neighbours on a floor never import each other. See docs/design/architecture.md. */
export const floors: readonly (readonly string[])[] = [
  ['base'],
  ['zip', 'pypa', 'elf', 'python', 'lambda', 'aws'],
  ['settings', 'cache', 'index', 'interpreters', 'store', 'client', 'sandbox'],
  ['audit'],
  ['packager', 'functions', 'objects', 'logs', 'proof'],
  ['invoker'],
  ['api'],
  ['service'],
  ['cli', 'public'],
]
