// The one door to LMDB: one environment for each partition, its named databases and its numbers.
import { statfsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { open, type Database, type RootDatabase, type Transaction } from 'lmdb'
import type { SourcePosition } from './partition-metadata.ts'

export type ReadTransaction = Transaction

/**
 * Named databases of a partition (the unnamed root database is never used):
 * `meta` the stamp and the counters; `subscribers` the base image of all aggregates, in pages;
 * `journal` what changed since parts of the base were written; `positions` source to position;
 * `hours` hour to totals; `rejected` source and position to reason and raw row; `outbox` the same, of
 * those that the dead-letter topic has not acknowledged yet.
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
  /** The writer's own; null for readers, who also read states made without it. */
  outbox: Database<unknown, Buffer> | null
}

/**
 * Address space, not memory or disk: more than the most subscribers of a partition take, and little
 * enough that a process can map 1,024 of them (2^47 bytes are all it has, and beyond LMDB crashes).
 */
const MAP_BYTES = 2 ** 35
const PAGE_BYTES = 4096

/** Folder of a partition inside a state directory. */
export const partitionDirectory = (state: string, partition: number): string =>
  join(state, `partition-${String(partition).padStart(4, '0')}`)

/** False until its writer has written two pages: LMDB crashes on reading an empty file. */
export function isMade(state: string, partition: number): boolean {
  const file = join(partitionDirectory(state, partition), 'data.mdb')
  return (statSync(file, { throwIfNoEntry: false })?.size ?? 0) >= 2 * PAGE_BYTES
}

/** Opens a partition, to read beside its writer or as the one writer; creates it for a writer. */
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
    // After a power cut: open at the last commit that was flushed, not at one half written.
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
    // The name on disk since format 1.
    rejected: rows('refused'),
    outbox: access === 'write' ? rows('outbox') : null,
  }
}

/**
 * Says whether a partition is this state's to show: one that another member of a consumer group
 * reads now is kept, but left out of everything that is said.
 */
export function setHeld(store: PartitionStore, held: boolean): void {
  if (readHeld(store) === held) return
  store.environment.transactionSync(() => void store.meta.put('held', held))
}

/** What a partition says of itself; one that says nothing is held. */
export const readHeld = ({ meta }: PartitionStore, transaction?: ReadTransaction): boolean =>
  meta.get('held', transaction === undefined ? undefined : { transaction }) !== false

/** The time (UTC ms) that divides the rows of a history from those of the topic; null for none. */
export const readCutover = ({ meta }: PartitionStore): number | null =>
  (meta.get('cutoverMs') as number | undefined) ?? null

/** Written once, into the first partition; durable on return. */
export function writeCutover({ environment, meta }: PartitionStore, cutoverMs: number): void {
  environment.transactionSync(() => void meta.put('cutoverMs', cutoverMs))
}

/** Where a source begins, before anything of it is committed; durable on return. */
export function writePosition(
  { environment, positions }: PartitionStore,
  source: string,
  position: SourcePosition,
): void {
  environment.transactionSync(() => void positions.put(source, position))
}

/** A consistent view of a partition; `finish` must be called, long views keep old pages alive. */
export function beginRead(store: PartitionStore): {
  transaction: ReadTransaction
  finish: () => void
} {
  // Without this a view could be one that lmdb renewed a moment ago for another reader.
  store.environment.resetReadTxn()
  const transaction = store.environment.useReadTransaction()
  return { transaction, finish: () => transaction.done() }
}

interface PageStats {
  treeBranchPageCount: number
  treeLeafPageCount: number
  overflowPages: number
}

/** Sizes on disk of some partitions, in bytes; used is what the present data takes of the file. */
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
