// Planted bugs: what the simulation must find, each within a number of seeds.

/** A defect that is planted through the seams of the simulation. */
export interface Bug {
  name: string
  /** Databases of which the writes of some commits are lost. */
  loses?: readonly string[]
  /** Some commits are reported before they are flushed. */
  unflushed?: boolean
  /** A log is sometimes read from before its position. */
  rewinds?: boolean
  /** The dead-letter topic acknowledges messages that it does not have. */
  losesLetters?: boolean
  /** It shows only where there are more subscribers than a commit rewrites. */
  needsJournal?: boolean
}

/** All of them. */
export const BUGS: readonly Bug[] = [
  { name: 'positions are committed without their rows', loses: ['subscribers', 'journal'] },
  { name: 'rows are committed without their positions', loses: ['positions'] },
  { name: 'rows are applied twice', rewinds: true },
  { name: 'an entry of the journal is lost', loses: ['journal'], needsJournal: true },
  { name: 'a commit is reported before it is flushed', unflushed: true },
  { name: 'totals by hour are lost', loses: ['hours'] },
  { name: 'a rejected row never enters the outbox', loses: ['outbox'] },
  { name: 'a rejected row is counted and not kept', loses: ['refused'] },
  { name: 'a dead letter is acknowledged and lost', losesLetters: true },
]
