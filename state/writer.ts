// Opens a state directory as its one writer: lock, stamp, every partition loaded.
import { mkdirSync } from 'node:fs'
import { PulseError } from '../src/errors.ts'
import { presentStamp } from './former-format.ts'
import { FORMAT, type Stamp } from './partition-metadata.ts'
import { lockState } from './lock.ts'
import { loadPartition, type Partition } from './partition.ts'
import { isMade, openPartition, type PartitionStore } from './store.ts'

/** Options that a state directory fixes when it is made. */
export type StateOptions = Omit<Stamp, 'format'>

/** A state directory opened to be written; its partitions are loaded as they are needed. */
export interface StateStores {
  directory: string
  stores: PartitionStore[]
  /** Closes the environments and gives the directory back. */
  close(): Promise<void>
}

/** A state directory with every partition in memory. */
export interface WritableState extends StateStores {
  partitions: Partition[]
}

/**
 * Opens or creates a state directory and loads all of it.
 *
 * @param command what the lock says of this process to others
 * @throws PulseError `state-locked`, `state-options`, `state-version`, `state-corrupt`
 */
export async function openState(
  directory: string,
  options: StateOptions,
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

/** Opens or creates a state directory and loads nothing; see openState. */
export async function openStores(
  directory: string,
  options: StateOptions,
  command: string,
): Promise<StateStores> {
  mkdirSync(directory, { recursive: true })
  const unlock = lockState(directory, command)
  const stores: PartitionStore[] = []
  const close = async (): Promise<void> => {
    for (const store of stores) await store.environment.close()
    unlock()
  }
  try {
    const first = openPartition(directory, 0, 'write')
    stores.push(first)
    // The first partition's stamp speaks for all, so a wrong number of partitions creates none.
    const made = readStamp(directory, first)
    if (made !== null) requireSame(directory, made, options)
    for (let partition = 1; partition < options.partitions; partition++) {
      stores.push(openPartition(directory, partition, 'write'))
    }
    if (made !== null) requireStamps(directory, stores)
    if (made === null || made.format < FORMAT) stampAll(stores, options)
    return { directory, stores, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** The first one comes last: who finds a stamp there finds every partition made. */
function stampAll(stores: readonly PartitionStore[], options: StateOptions): void {
  for (const { environment, meta } of stores.toReversed()) {
    environment.transactionSync(() => {
      void meta.put('stamp', { format: FORMAT, ...options } satisfies Stamp)
    })
  }
}

function requireStamps(directory: string, stores: readonly PartitionStore[]): void {
  for (const store of stores) if (readStamp(directory, store) === null) throw lost(store.directory)
}

/** A partition that was made is gone, or what remains of it is empty. */
export const lost = (directory: string): PulseError =>
  new PulseError(
    'state-corrupt',
    `${directory} is missing or empty, its state was made with it; restore it, ` +
      'or replay the files into a new directory',
  )

function requireSame(directory: string, stamp: Stamp, options: StateOptions): void {
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
      'use the same again, or another --state directory and replay the files into it',
  )
}

const FLAGS: Record<keyof StateOptions, string> = {
  partitions: '--partitions',
  durationUnit: '--duration-unit',
  timeZone: '--time-zone',
  missingMsisdn: '--missing-msisdn',
}

/** The stamp of a partition, null before its first; refuses one of a newer version. */
export function readStamp(directory: string, store: PartitionStore): Stamp | null {
  const stored: unknown = store.meta.get('stamp')
  if (stored === undefined) return null
  const stamp = presentStamp(stored)
  if (stamp.format > FORMAT) {
    throw new PulseError(
      'state-version',
      `the state directory ${directory} has format ${stamp.format}, this version reads up to ` +
        `${FORMAT}; use the version that wrote it or a newer one`,
    )
  }
  return stamp
}

/** True where a state was begun. */
export const hasState = (directory: string): boolean => isMade(directory, 0)
