// Writes config.toml from dotted keys: { 'auth.mfa.totp.enroll_enabled': true } → [auth.mfa.totp] enroll_enabled = true.

export function toToml(keys) {
  const tables = new Map([['', []]])
  for (const [key, value] of Object.entries(keys)) {
    const at = key.lastIndexOf('.')
    const table = at < 0 ? '' : key.slice(0, at)
    if (!tables.has(table)) tables.set(table, [])
    tables.get(table).push(`${key.slice(at + 1)} = ${literal(value)}`)
  }
  return [...tables]
    .filter(([, lines]) => lines.length > 0)
    .map(([table, lines]) => (table ? `[${table}]\n` : '') + lines.join('\n') + '\n')
    .join('\n')
}

function literal(value) {
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  throw new TypeError(`no TOML for ${typeof value}`)
}
