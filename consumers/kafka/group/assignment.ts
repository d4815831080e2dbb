// Who reads which partition: whoever has its state already, and otherwise so that all have as many.

/** What a member says of each partition: it shows it now, it keeps an older state of it, nothing. */
export const CLAIM = { none: 0, kept: 1, held: 2 } as const

/** Claims of a member by partition, as the group carries them. */
export const encodeClaims = (claims: readonly number[]): Buffer => Buffer.from(claims)

/** Claims read back; whatever a foreign member may have sent, each is one of CLAIM. */
export const decodeClaims = (bytes: Uint8Array | null | undefined): number[] =>
  Array.from(bytes ?? [], (claim) => (claim <= CLAIM.held ? claim : CLAIM.none))

/**
 * Deals partitions to members: floor or ceiling of the equal share each. A partition goes to a member
 * that claims it as long as that one has room, the strongest claim first; what nobody claims, or
 * whose claimants are full, goes to who has least. The same input gives the same result everywhere.
 *
 * @param claims by member name, by partition
 */
export function assignPartitions(
  claims: ReadonlyMap<string, readonly number[]>,
  partitions: number,
): Map<string, number[]> {
  const members = [...claims.keys()].sort()
  const dealt = new Map<string, number[]>(members.map((member) => [member, []]))
  if (members.length === 0) return dealt
  const share = Math.floor(partitions / members.length)
  const load = (member: string): number => dealt.get(member)?.length ?? 0
  // So many members may have one more than the others.
  let larger = partitions - share * members.length
  const hasRoom = (member: string): boolean =>
    load(member) < share || (load(member) === share && larger > 0)
  const give = (member: string, partition: number): void => {
    if (load(member) === share) larger--
    dealt.get(member)?.push(partition)
  }
  const claimants = (partition: number, claim: number): string[] =>
    members.filter((member) => (claims.get(member)?.[partition] ?? 0) === claim)
  const left = new Set(Array.from({ length: partitions }, (_, partition) => partition))
  for (const claim of [CLAIM.held, CLAIM.kept, CLAIM.none]) {
    // Those that few can take come first, before their takers are full.
    const order = [...left].sort((a, b) => claimants(a, claim).length - claimants(b, claim).length)
    for (const partition of order) {
      const able = (claim === CLAIM.none ? members : claimants(partition, claim)).filter(hasRoom)
      const taker = able.sort((a, b) => load(a) - load(b)).at(0)
      if (taker === undefined) continue
      give(taker, partition)
      left.delete(partition)
    }
  }
  for (const list of dealt.values()) list.sort((a, b) => a - b)
  return dealt
}
