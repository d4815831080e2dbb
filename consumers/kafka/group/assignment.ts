// Which member reads which partition: the one that has its state, and otherwise in equal shares.

/**
 * What a member claims of a partition: no state of it, a kept older state, the state it reads, a
 * state that files were applied to as well, or a state that the log can no longer replace.
 */
export const CLAIM = { none: 0, kept: 1, held: 2, files: 3, only: 4 } as const

/** Nothing of these is given to a member that does not claim the same. */
const PINNED: readonly number[] = [CLAIM.only, CLAIM.files]

/** Encodes a member's claims, one byte per partition, as the group carries them. */
export const encodeClaims = (claims: readonly number[]): Buffer => Buffer.from(claims)

/** Decodes claims; a byte that is not a value of `CLAIM`, from a foreign member, counts as none. */
export const decodeClaims = (bytes: Uint8Array | null | undefined): number[] =>
  Array.from(bytes ?? [], (claim) => (claim <= CLAIM.only ? claim : CLAIM.none))

/**
 * Assigns partitions to members, floor or ceiling of the equal share each. A partition goes to a
 * member that claims it and has room, strongest claim first. A partition that no member claims, or
 * whose claimants are full, goes to the member with the fewest. A state that another member cannot
 * read again stays with its claimant, whatever the shares. The result depends on the input only.
 *
 * @param claims by member name, by partition
 * @returns partitions by member name, ascending
 */
export function assignPartitions(
  claims: ReadonlyMap<string, readonly number[]>,
  partitions: number,
): Map<string, number[]> {
  const members = [...claims.keys()].sort()
  const assigned = new Map<string, number[]>(members.map((member) => [member, []]))
  if (members.length === 0) return assigned
  const share = Math.floor(partitions / members.length)
  const load = (member: string): number => assigned.get(member)?.length ?? 0
  // As many members may have one partition more than the others.
  let larger = partitions - share * members.length
  const hasRoom = (member: string): boolean =>
    load(member) < share || (load(member) === share && larger > 0)
  const give = (member: string, partition: number): void => {
    if (load(member) === share) larger--
    assigned.get(member)?.push(partition)
  }
  const claimants = (partition: number, claim: number): string[] =>
    members.filter((member) => (claims.get(member)?.[partition] ?? 0) === claim)
  const left = new Set(Array.from({ length: partitions }, (_, partition) => partition))
  for (const claim of [CLAIM.only, CLAIM.files, CLAIM.held, CLAIM.kept, CLAIM.none]) {
    const isPinned = PINNED.includes(claim)
    // Partitions with few claimants come first, before these are full.
    const order = [...left].sort((a, b) => claimants(a, claim).length - claimants(b, claim).length)
    for (const partition of order) {
      const able = claim === CLAIM.none ? members : claimants(partition, claim)
      const taker = able
        .filter((member) => isPinned || hasRoom(member))
        .sort((a, b) => load(a) - load(b))
        .at(0)
      if (taker === undefined) continue
      give(taker, partition)
      left.delete(partition)
    }
  }
  for (const list of assigned.values()) list.sort((a, b) => a - b)
  return assigned
}
