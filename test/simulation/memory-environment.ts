// The part of LMDB that the state uses, in memory: it may fail, and be killed, at any moment.
//
// A disk holds the databases as of the last durable transaction. An environment is one process's
// view of it; opening another one is what a restart does.
import type { OpenedEnvironment } from '../../state/environment.ts'

/** Values by key; keys as latin1, whose order is that of their bytes. */
type Content = ReadonlyMap<string, Buffer>
type Databases = ReadonlyMap<string, Content>

/** What is durable of a partition. */
export interface Disk {
  databases: Databases
}

/** A disk without databases. */
export const createDisk = (): Disk => ({ databases: new Map() })

/** What becomes of one write transaction. */
export interface Fate {
  /**
   * `done`; `failed`: nothing of it is durable; `unknown`: all of it is durable, and the caller
   * sees an error; `unflushed`: the caller takes it for durable, and it is not.
   */
  outcome: 'done' | 'failed' | 'unknown' | 'unflushed'
  /** The write that fails, counted from 0; null when the commit does. */
  failsAt: number | null
  /** Databases of which the writes are lost: a planted bug. */
  loses: readonly string[]
}

/** Decides the fate of the next write transaction. */
export type NextFate = () => Fate

interface View {
  databases: Databases
}
interface Options {
  transaction?: View
  start?: Buffer
  limit?: number
}

const nameOf = (key: Buffer): string => key.toString('latin1')

/** Opens the environment of a disk. */
export function openMemory(disk: Disk, nextFate: NextFate): OpenedEnvironment {
  const names = [...disk.databases.keys()]
  // What the process sees; of an unflushed transaction only the disk differs from it.
  let committed: View = { databases: disk.databases }
  let writing: { databases: Map<string, Map<string, Buffer>>; writes: number; fate: Fate } | null =
    null
  const contentOf = (name: string, options?: Options): Content =>
    (options?.transaction ?? writing ?? committed).databases.get(name) ?? new Map<string, Buffer>()
  const change = (name: string, work: (content: Map<string, Buffer>) => void): Promise<boolean> => {
    if (writing === null) throw new Error(`a write to ${name} outside of a transaction`)
    if (writing.writes++ === writing.fate.failsAt) throw new Error('simulated: EIO of a write')
    if (writing.fate.loses.includes(name)) return Promise.resolve(true)
    const content = writing.databases.get(name) ?? new Map<string, Buffer>()
    const own = content === committed.databases.get(name) ? new Map(content) : content
    work(own)
    writing.databases.set(name, own)
    return Promise.resolve(true)
  }
  const keysOf = (name: string, options?: Options): string[] => {
    const start = options?.start === undefined ? '' : nameOf(options.start)
    const keys = [...contentOf(name, options).keys()].filter((key) => key >= start)
    return keys.sort((a, b) => (a < b ? -1 : 1)).slice(0, options?.limit)
  }
  const openDB = ({ name }: { name: string }) => ({
    get: (key: Buffer, options?: Options) => contentOf(name, options).get(nameOf(key)),
    getBinaryFast: (key: Buffer, options?: Options) => contentOf(name, options).get(nameOf(key)),
    put: (key: Buffer, value: Buffer) =>
      change(name, (content) => content.set(nameOf(key), Buffer.from(value))),
    remove: (key: Buffer) => change(name, (content) => content.delete(nameOf(key))),
    getKeys: (options?: Options) => keysOf(name, options).map((key) => Buffer.from(key, 'latin1')),
    getRange: (options?: Options) => {
      const content = contentOf(name, options)
      return keysOf(name, options).map((key) => {
        return { key: Buffer.from(key, 'latin1'), value: content.get(key) }
      })
    },
    getKeysCount: (options?: Options) => keysOf(name, options).length,
    getStats: () => ({}),
  })
  const transactionSync = (work: () => unknown): unknown => {
    const fate = nextFate()
    writing = {
      databases: new Map(committed.databases as Map<string, Map<string, Buffer>>),
      writes: 0,
      fate,
    }
    try {
      const result = work()
      if (fate.outcome === 'failed') throw new Error('simulated: EIO of the flush')
      committed = { databases: writing.databases }
      if (fate.outcome !== 'unflushed') disk.databases = writing.databases
      if (fate.outcome === 'unknown') throw new Error('simulated: EIO after the flush')
      return result
    } finally {
      writing = null
    }
  }
  const useReadTransaction = () => ({ ...committed, done: () => undefined })
  const environment = {
    ...{ openDB, transactionSync, useReadTransaction },
    resetReadTxn: () => undefined,
    close: () => Promise.resolve(),
  }
  const undoing = <T>(write: () => T): T => write()
  return { environment, names, undoing } as unknown as OpenedEnvironment
}
