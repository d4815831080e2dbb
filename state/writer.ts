// Opens a state directory as its one writer: lock, stamp, partitions.
import { PulseError } from '../src/errors.ts'
import { damaged } from './data-file.ts'
import { rewritePartition } from './rewrite.ts'
import { newerFormat, writeStamp } from './stamp.ts'
import { FORMAT, type Stamp } from './partition-metadata.ts'
import { lockState, requireLock } from './lock.ts'
import { hasCommit, loadPartition, type Partition } from './partition.ts'
import { hasPartition, openPartition, type PartitionStore } from './store.ts'
import { makeDirectory, namingErrors } from './write-error.ts'
import { writeTransaction } from './transaction.ts'

/** Options that a state directory fixes when it is created. */
export type StateOptions = Omit<Stamp, 'format' | 'growth'>

/** The options of a state to open: those of its stamp, or a number of partitions for a new one only. */
export interface StateRequest extends Omit<StateOptions, 'partitions'> {
  partitions: number | { ofNew: number }
}

/** A state directory that is open for writing; partitions are loaded as they are needed. */
export interface StateStores {
  directory: string
  stores: PartitionStore[]
  /** Closes the environments and releases the lock. */
  close(): Promise<void>
}

/** A state directory that is open for writing, with every partition in memory. */
export interface WritableState extends StateStores {
  partitions: Partition[]
}

/**
 * Opens or creates a state directory for writing and loads all partitions.
 *
 * @param command names this process in the lock, for others
 * @throws PulseError `state-locked`, `state-options`, `state-version`, `state-corrupt`,
 *   `store-failed`, `system`
 */
export async function openState(
  directory: string,
  options: StateRequest,
  command: string,
): Promise<WritableState> {
  const state = await openStores(directory, options, command)
  try {
    return { ...state, partitions: state.stores.map(loadPartition) }
  } catch (error) {
    await state.close()
    throw error
  }
}

/** Opens a partition in a further thread of the process whose `command` has locked the state. */
export function openInThread(
  directory: string,
  partition: number,
  command: string,
): PartitionStore {
  const store = openPartition(directory, partition, 'write')
  store.requireLock = () => requireLock(directory, command)
  return store
}

/** As `openState`, but loads no partition. */
export async function openStores(
  directory: string,
  request: StateRequest,
  command: string,
): Promise<StateStores> {
  makeDirectory(directory)
  const lock = lockState(directory, command)
  const stores: PartitionStore[] = []
  const close = async (): Promise<void> => {
    for (const store of stores) await store.environment.close()
    lock.release()
  }
  try {
    const openOne = (partition: number): PartitionStore =>
      namingErrors(directory, () => openPartition(directory, partition, 'write'))
    const first = openOne(0)
    stores.push(first)
    // Checked first: a wrong number of partitions must create none.
    const stamp = requireStamp(directory, first)
    const options = optionsOf(request, stamp)
    if (stamp !== null) requireSame(directory, stamp, options)
    for (let partition = 1; partition < options.partitions; partition++) {
      stores.push(openOne(partition))
    }
    for (const store of stores) store.requireLock = () => lock.require()
    if (stamp !== null) requireStamps(directory, stores)
    else requireUnused(stores)
    namingErrors(directory, () => stampAll(stores, options))
    return { directory, stores, close }
  } catch (error) {
    await close()
    throw error
  }
}

function optionsOf(request: StateRequest, stamp: Stamp | null): StateOptions {
  const { partitions: wanted } = request
  if (typeof wanted === 'number') return request as StateOptions
  return { ...request, partitions: stamp?.partitions ?? wanted.ofNew }
}

/**
 * Stamps new partitions, and rewrites those of a former format. The first partition is last: its
 * stamp means that all partitions exist.
 */
function stampAll(stores: readonly PartitionStore[], options: StateOptions): void {
  for (const store of stores.toReversed()) {
    const { stamp, meta } = store
    const present: Stamp = { format: FORMAT, ...options }
    if (stamp === null) writeTransaction(store, () => writeStamp(meta.database, present))
    else if (stamp.format < FORMAT) rewritePartition(store, present)
  }
}

function requireStamps(directory: string, stores: readonly PartitionStore[]): void {
  for (const store of stores) {
    if (requireStamp(directory, store) === null) throw missingPartition(store.directory)
  }
}

/** The first partition is stamped last, so no other one has rows while it is new. */
function requireUnused([first, ...others]: readonly PartitionStore[]): void {
  if (others.some(hasCommit)) throw missingPartition(first.directory)
}

/** The error for a partition that the state had, and that is missing or empty now. */
export const missingPartition = (directory: string): PulseError =>
  new PulseError(
    'state-corrupt',
    `${directory} is missing or empty, expected a partition of the state; restore it, ` +
      'or replay the files into a new directory',
  )

/**
 * Checks options against those of a state.
 *
 * @throws PulseError `state-options` when they differ
 */
export function requireSame(
  directory: string,
  stamp: Partial<StateOptions>,
  options: Partial<StateOptions>,
): void {
  const differing = (Object.keys(options) as (keyof StateOptions)[]).filter(
    (name) => stamp[name] !== options[name],
  )
  if (differing.length === 0) return
  const list = differing.map(
    (name) => `${FLAGS[name]} ${stamp[name]} (asked for: ${options[name]})`,
  )
  throw new PulseError(
    'state-options',
    `the state directory ${directory} was made with ${list.join(' and ')}; ` +
      'use the same options, or another --state directory and replay the files into it',
  )
}

const FLAGS: Record<keyof StateOptions, string> = {
  partitions: '--partitions',
  timeZone: '--time-zone',
  missingMsisdn: '--missing-msisdn',
}

/**
 * The stamp of a partition, null before it is written.
 *
 * @throws PulseError `state-version` for a newer format, `store-failed` for unknown databases
 */
export function requireStamp(directory: string, store: PartitionStore): Stamp | null {
  const { stamp } = store
  if (stamp !== null && stamp.format > FORMAT) throw newerFormat(directory, stamp.format)
  const unknown = store.unknownDatabases.at(0)
  if (unknown === undefined) return stamp
  throw damaged(store.checks.path, `it has an unknown database "${unknown}"`)
}

/** True when a writer has begun a state in the directory. */
export const hasState = (directory: string): boolean => hasPartition(directory, 0)
