// Opens a state directory as its one writer: lock, stamp, every partition loaded.
import { existsSync, mkdirSync } from 'node:fs'
import { PulseError } from '../src/errors.ts'
import { FORMAT, type Stamp } from './ledger.ts'
import { lockState } from './lock.ts'
import { loadPartition, type Partition } from './partition.ts'
import { openPartition, partitionDirectory, type PartitionStore } from './store.ts'

/** Options that a state directory fixes when it is made. */
export type StateOptions = Omit<Stamp, 'format'>

export interface WritableState {
  directory: string
  partitions: Partition[]
  /** Closes the environments and gives the directory back. */
  close(): Promise<void>
}

/**
 * Opens or creates a state directory.
 *
 * @param command what the lock says of this process to others
 * @throws PulseError `state-locked`, `state-options`, `state-version`, `state-corrupt`
 */
export async function openState(
  directory: string,
  options: StateOptions,
  command: string,
): Promise<WritableState> {
  mkdirSync(directory, { recursive: true })
  const unlock = lockState(directory, command)
  const stores: PartitionStore[] = []
  const close = async (): Promise<void> => {
    for (const store of stores) await store.environment.close()
    unlock()
  }
  try {
    // The first partition's stamp speaks for all, so a wrong number of partitions creates none.
    for (let partition = 0; partition < options.partitions; partition++) {
      const store = openPartition(directory, partition, 'write')
      stores.push(store)
      agreeOnStamp(directory, store, options)
    }
    return { directory, partitions: stores.map(loadPartition), close }
  } catch (error) {
    await close()
    throw error
  }
}

function agreeOnStamp(directory: string, store: PartitionStore, options: StateOptions): void {
  const stamp = readStamp(directory, store)
  if (stamp === null) {
    store.environment.transactionSync(() => {
      store.meta.put('stamp', { format: FORMAT, ...options } satisfies Stamp)
    })
    return
  }
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
  const stamp = store.meta.get('stamp') as Stamp | undefined
  if (stamp === undefined) return null
  if (stamp.format > FORMAT) {
    throw new PulseError(
      'state-version',
      `the state directory ${directory} has format ${stamp.format}, this version reads up to ` +
        `${FORMAT}; use the version that wrote it or a newer one`,
    )
  }
  return stamp
}

/** True where a partition was ever made. */
export const hasState = (directory: string): boolean => existsSync(partitionDirectory(directory, 0))
