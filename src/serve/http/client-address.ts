// What counts as one client: an address, or in IPv6 the network that a client has for itself.

/** Addresses that clients and proxies on this machine have; the rest of 127/8 is not among them. */
const OWN_ADDRESSES: ReadonlySet<string> = new Set(['127.0.0.1', '::1'])

/** Whether a client is on this machine. */
export const isOwn = (client: string): boolean => OWN_ADDRESSES.has(client)

/** The client of a socket's address: IPv4 as it is, IPv6 by its first 64 bits. */
export function clientOf(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/, '')
  if (!plain.includes(':') || isOwn(plain)) return plain
  // Only an address with :: has a second part.
  const [head, tail = ''] = plain.split('::')
  const groups = head === '' ? [] : head.split(':')
  const last = tail === '' ? [] : tail.split(':')
  const zeros = Array<string>(Math.max(0, 8 - groups.length - last.length)).fill('0')
  return `${[...groups, ...zeros, ...last].slice(0, 4).join(':')}::/64`
}
