// Which checkpoint of a changelog a partition continues.
import { randomUUID } from 'node:crypto'
import { statSync } from 'node:fs'
import type { PartitionStore } from './store.ts'
import { writeDurably } from './transaction.ts'

/** The checkpoint that a partition was restored from, and the commit that has the same content. */
export interface Lineage {
  /** Number of the checkpoint. */
  number: number
  /** Identity of the partition that published it. */
  by: string
  commit: number
}

const LINEAGE = 'lineage'
const IDENTITY = 'identity'

/** The lineage of a partition that was restored; null for one that never was. */
export const readLineage = ({ meta }: PartitionStore): Lineage | null =>
  (meta.get(LINEAGE) as Lineage | undefined) ?? null

/** Writes the lineage, within a transaction. */
export const writeLineage = ({ meta }: PartitionStore, lineage: Lineage): void =>
  void meta.put(LINEAGE, lineage)

/**
 * The identity of a partition on this disk; a new one gets it now, durably. A copy of the directory, as
 * of a backup, continues apart from its original and gets its own: its inode is another one, or has
 * the number of a deleted one and a later birth.
 */
export function identityOf(store: PartitionStore): string {
  const { ino, birthtimeNs } = statSync(store.directory, { bigint: true })
  const inode = `${ino} ${birthtimeNs}`
  const known = store.meta.get(IDENTITY) as { id: string; inode: string } | undefined
  if (known?.inode === inode) return known.id
  const id = randomUUID()
  writeDurably(store, () => void store.meta.put(IDENTITY, { id, inode }))
  return id
}

/** True for a partition that was published to a changelog. */
export const hasIdentity = ({ meta }: PartitionStore): boolean => meta.get(IDENTITY) !== undefined
