// The named databases of a partition: what each holds, how its entries are encoded, and their sizes.
import { statfsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { PulseError } from '../src/errors.ts'
import type { KeyPartitioner } from '../src/record/topic-keys.ts'
import { dataFileOf, PAGE_BYTES } from './data-file.ts'
import { createEntries, type Checks, type Encoding, type Entries } from './entries.ts'
import { beginTransaction, dataFileBytes, openDatabase, openEnvironment } from './environment.ts'
import type { Environment, OpenedEnvironment, ReadTransaction } from './environment.ts'
import { BASE_PAGE, HOUR, JOURNAL_PAGE, REJECTED_ROW, TEXT, type KeyEncoding } from './keys.ts'
import type { SourcePosition, Stamp } from './partition-metadata.ts'
import { checkNames, hasChecksums, readStoredStamp } from './stamp.ts'
import { writeDurably } from './transaction.ts'

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
  environment: Environment
  undoing: OpenedEnvironment['undoing']
  /** As it was when the partition was opened; null before it is written. */
  stamp: Stamp | null
  checks: Checks
  /** Throws when another process has taken over the lock; each write calls it first. */
  requireLock: () => void
  /** Names of databases in the file that this version does not know. */
  unknownDatabases: string[]
  meta: Entries<unknown, string>
  subscribers: Entries<Buffer, Buffer>
  journal: Entries<Buffer, Buffer>
  positions: Entries<unknown, string>
  hours: Entries<Buffer, Buffer>
  rejected: Entries<unknown, Buffer>
  /** Null for a reader where no writer has created it: the states of former versions lack it. */
  outbox: Outbox | null
}

type Outbox = Entries<unknown, Buffer>

/** All names; format 1 chose that of the rejected rows, and former formats stay readable. */
const DATABASES = ['meta', 'subscribers', 'journal', 'positions', 'hours', 'refused', 'outbox']

/** The directory of a partition within a state directory. */
export const partitionDirectory = (state: string, partition: number): string =>
  join(state, `partition-${String(partition).padStart(4, '0')}`)

/** False until the writer has written both meta pages; true for a damaged file. */
export const hasPartition = (state: string, partition: number): boolean =>
  dataFileBytes(partitionDirectory(state, partition)) !== null

/**
 * Opens a partition: for reading, also next to its writer, or as the one writer, who creates it.
 * What a reader finds missing, because its writer is creating it, is undefined.
 *
 * @param open a simulation has its own
 * @throws PulseError `store-failed` for a damaged file
 */
export function openPartition(
  state: string,
  partition: number,
  access: 'read' | 'write',
  open: typeof openEnvironment = openEnvironment,
): PartitionStore {
  const directory = partitionDirectory(state, partition)
  const { environment, names, undoing } = open(directory, access)
  const checks: Checks = { enabled: true, path: dataFileOf(directory) }
  const entries = <V, K extends Buffer | string>(
    name: string,
    key: KeyEncoding<K>,
    value: Pick<Encoding<V, K>, 'encode' | 'decode'>,
  ): Entries<V, K> => {
    // A writer creates what is missing.
    const database = undoing(() => openDatabase(environment, name))
    if (database === undefined) return undefined as never // a reader's, which is not made yet
    return createEntries(database, { ...key, ...value }, checks)
  }
  try {
    const outbox = entries('outbox', REJECTED_ROW, JSON_VALUE) as Outbox | undefined
    const meta = entries('meta', TEXT('entry'), JSON_VALUE)
    const named = (meta as typeof meta | undefined)?.database
    const stamp = readStoredStamp(named, checks.path)
    checks.enabled = hasChecksums(stamp)
    if (checks.enabled) checkNames(named, checks.path)
    return {
      ...{ partition, directory, environment, undoing, stamp, checks, meta },
      requireLock: () => undefined,
      unknownDatabases: names.filter((name) => !DATABASES.includes(name)),
      subscribers: entries('subscribers', BASE_PAGE, BYTES),
      journal: entries('journal', JOURNAL_PAGE, BYTES),
      positions: entries('positions', TEXT('position of source'), JSON_VALUE),
      hours: entries('hours', HOUR, BYTES),
      rejected: entries('refused', REJECTED_ROW, JSON_VALUE),
      outbox: outbox ?? null,
    }
  } catch (error) {
    void environment.close()
    throw error
  }
}

const BYTES = { encode: (value: Buffer) => value, decode: (bytes: Buffer) => bytes }
const JSON_VALUE = {
  encode: (value: unknown) => Buffer.from(JSON.stringify(value)),
  decode: (bytes: Buffer): unknown => JSON.parse(bytes.toString()),
}

/**
 * Stores whether this process's group member holds the partition. A partition that another member
 * reads now stays on disk, but views and figures exclude it.
 */
export function setHeld(store: PartitionStore, held: boolean): void {
  if (readHeld(store) !== held) writeDurably(store, () => void store.meta.put('held', held))
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
  store: PartitionStore,
  cutoverMs: number,
  partitioner: KeyPartitioner,
): void {
  writeDurably(store, () => {
    void store.meta.put('cutoverMs', cutoverMs)
    void store.meta.put('partitioner', partitioner)
  })
}

/** Stores where a source begins, before its first commit; durable on return. */
export const writePosition = (store: PartitionStore, source: string, position: SourcePosition) =>
  writeDurably(store, () => void store.positions.put(source, position))

/**
 * Begins a consistent view of a partition. Call `finish`: a long view keeps old pages on disk.
 *
 * @throws PulseError `state-version` when a writer has added checksums since the partition was opened
 */
export function beginRead({ environment, meta, checks, directory }: PartitionStore): {
  transaction: ReadTransaction
  finish: () => void
} {
  const view = beginTransaction(environment)
  if (checks.enabled) return view
  if (!hasChecksums(readStoredStamp(meta.database, checks.path, view.transaction))) return view
  view.finish()
  throw new PulseError(
    'state-version',
    `${directory} was written in a newer format meanwhile; start this command again`,
  )
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
  let [fileBytes, pages] = [0, 0]
  for (const store of stores) {
    fileBytes += statSync(dataFileOf(store.directory)).size
    const { meta, subscribers, journal, positions, hours, rejected } = store
    for (const { database } of [meta, subscribers, journal, positions, hours, rejected]) {
      const stats = database.getStats() as PageStats
      pages += stats.treeBranchPageCount + stats.treeLeafPageCount + stats.overflowPages
    }
  }
  return {
    fileBytes,
    usedBytes: pages * PAGE_BYTES,
    volumeFreeBytes: volumeFreeBytes(stores[0].directory),
  }
}

/** Bytes that this user may still write to the volume of a directory. */
export function volumeFreeBytes(directory: string): number {
  const { bavail, bsize } = statfsSync(directory)
  return bavail * bsize
}
