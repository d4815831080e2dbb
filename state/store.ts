// The only importer of LMDB: one environment per partition, its named databases and its sizes.
import { statfsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { open, type Database, type RootDatabase, type Transaction } from 'lmdb'
import type { KeyPartitioner } from '../src/record/topic-keys.ts'
import type { SourcePosition } from './partition-metadata.ts'

/** A read transaction of an environment. */
export type ReadTransaction = Transaction

/**
 * The named databases of a partition; the unnamed root database is not used.
 * - `meta`: the stamp, the counters, and small facts such as `held`;
 * - `subscribers`: the base image of all aggregates, in pages;
 * - `journal`: rows that changed after their block of the base image was written;
 * - `positions`: source to position;
 * - `hours`: hour to totals;
 * - `rejected`: source and row to reason and raw row;
 * - `outbox`: the same, for rows that the dead-letter topic has not acknowledged yet.
 */
export interface PartitionStore {
  partition: number
  directory: string
  environment: RootDatabase<Buffer, Buffer>
  meta: Database<unknown, string>
  subscribers: Database<Buffer, Buffer>
  journal: Database<Buffer, Buffer>
  positions: Database<unknown, string>
  hours: Database<Buffer, Buffer>
  rejected: Database<unknown, Buffer>
  /** Null for readers: the states of former versions lack it. */
  outbox: Database<unknown, Buffer> | null
}

/**
 * Address space, not memory or disk. It exceeds what the maximum number of subscribers of a partition
 * takes, and a process can map 1,024 of them: it has 2^47 bytes, beyond which LMDB crashes.
 */
const MAP_BYTES = 2 ** 35
const PAGE_BYTES = 4096

/** The directory of a partition within a state directory. */
export const partitionDirectory = (state: string, partition: number): string =>
  join(state, `partition-${String(partition).padStart(4, '0')}`)

/** False until the writer has written both meta pages: LMDB crashes when it reads an empty file. */
export function hasPartition(state: string, partition: number): boolean {
  const file = join(partitionDirectory(state, partition), 'data.mdb')
  return (statSync(file, { throwIfNoEntry: false })?.size ?? 0) >= 2 * PAGE_BYTES
}

/** Opens a partition: for reading, also next to its writer, or as the one writer, who creates it. */
export function openPartition(
  state: string,
  partition: number,
  access: 'read' | 'write',
): PartitionStore {
  const directory = partitionDirectory(state, partition)
  const options = {
    path: directory,
    readOnly: access === 'read',
    encoding: 'binary' as const,
    keyEncoding: 'binary' as const,
    maxDbs: 16,
    maxReaders: 512,
    mapSize: MAP_BYTES,
    // After a power failure: open at the last flushed commit, not at an incomplete one.
    safeRestore: true,
  }
  const environment = open<Buffer, Buffer>(options)
  const binary = (name: string) =>
    environment.openDB<Buffer, Buffer>({ name, encoding: 'binary', keyEncoding: 'binary' })
  const json = (name: string) => environment.openDB<unknown, string>({ name, encoding: 'json' })
  const rows = (name: string) =>
    environment.openDB<unknown, Buffer>({ name, encoding: 'json', keyEncoding: 'binary' })
  return {
    partition,
    directory,
    environment,
    meta: json('meta'),
    subscribers: binary('subscribers'),
    journal: binary('journal'),
    positions: json('positions'),
    hours: binary('hours'),
    // Format 1 chose this name; former formats stay readable.
    rejected: rows('refused'),
    outbox: access === 'write' ? rows('outbox') : null,
  }
}

/**
 * Stores whether this process's group member holds the partition. A partition that another member
 * reads now stays on disk, but views and figures exclude it.
 */
export function setHeld(store: PartitionStore, held: boolean): void {
  if (readHeld(store) === held) return
  store.environment.transactionSync(() => void store.meta.put('held', held))
}

/** True when the partition is held, which is the default. */
export const readHeld = ({ meta }: PartitionStore, transaction?: ReadTransaction): boolean =>
  meta.get('held', transaction === undefined ? undefined : { transaction }) !== false

/** The cut-over in UTC ms, which divides the rows of a history from those of the topic, or null. */
export const readCutover = ({ meta }: PartitionStore): number | null =>
  (meta.get('cutoverMs') as number | undefined) ?? null

/** The partitioner by which a history was divided; null in a state of a former version. */
export const readPartitioner = ({ meta }: PartitionStore): KeyPartitioner | null =>
  (meta.get('partitioner') as KeyPartitioner | undefined) ?? null

/**
 * Stores the cut-over and the partitioner of a history, once, in the first partition; durable on
 * return.
 */
export function writeCutover(
  { environment, meta }: PartitionStore,
  cutoverMs: number,
  partitioner: KeyPartitioner,
): void {
  environment.transactionSync(() => {
    void meta.put('cutoverMs', cutoverMs)
    void meta.put('partitioner', partitioner)
  })
}

/** Stores where a source begins, before its first commit; durable on return. */
export function writePosition(
  { environment, positions }: PartitionStore,
  source: string,
  position: SourcePosition,
): void {
  environment.transactionSync(() => void positions.put(source, position))
}

/** Begins a consistent view of a partition. Call `finish`: a long view keeps old pages on disk. */
export function beginRead(store: PartitionStore): {
  transaction: ReadTransaction
  finish: () => void
} {
  // Without this, lmdb could return a view that it renewed earlier for another reader.
  store.environment.resetReadTxn()
  const transaction = store.environment.useReadTransaction()
  return { transaction, finish: () => transaction.done() }
}

interface PageStats {
  treeBranchPageCount: number
  treeLeafPageCount: number
  overflowPages: number
}

/** Sizes in bytes of partitions on disk; `usedBytes` is the part of the files that holds data. */
export function storeBytes(stores: readonly PartitionStore[]): {
  fileBytes: number
  usedBytes: number
  volumeFreeBytes: number
} {
  let fileBytes = 0
  let pages = 0
  for (const store of stores) {
    fileBytes += statSync(join(store.directory, 'data.mdb')).size
    const { meta, subscribers, journal, positions, hours, rejected } = store
    for (const database of [meta, subscribers, journal, positions, hours, rejected]) {
      const stats = database.getStats() as PageStats
      pages += stats.treeBranchPageCount + stats.treeLeafPageCount + stats.overflowPages
    }
  }
  const volume = statfsSync(stores[0].directory)
  return {
    fileBytes,
    usedBytes: pages * PAGE_BYTES,
    volumeFreeBytes: volume.bavail * volume.bsize,
  }
}
