/**
 * Adds a value to those of its key. Making a new list each time would take the square of its length, and a package may hold a hundred thousand files.
 * @example const byFolder = new Map<string, string[]>(); addTo(byFolder, 'lib', 'lib/a.py')
 */
export function addTo<Key, Value>(groups: Map<Key, Value[]>, key: Key, value: Value): void {
  const group = groups.get(key)
  if (group) group.push(value)
  else groups.set(key, [value])
}
