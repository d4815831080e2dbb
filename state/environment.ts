// The only importer of LMDB: one environment per partition, opened after its file was checked.
import { rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { open, type Database, type RootDatabase, type Transaction } from 'lmdb'
import { dataFileOf, MAP_BYTES, readNewestMeta, withDataFile } from './data-file.ts'
import { createDataFile } from './empty-data-file.ts'
import { checkPages } from './tree-check.ts'
import { undoingMeta } from './undoing-meta.ts'
import { makeDirectory, requireFile } from './write-error.ts'

/** A read transaction of an environment. */
export type ReadTransaction = Transaction

/** An environment: the databases of one partition. */
export type Environment = RootDatabase<Buffer, Buffer>

/** A named database of an environment, its keys and values as bytes. */
export type BinaryDatabase = Omit<Database<Buffer, Buffer>, 'getBinaryFast'> & {
  /** In memory that the next read of any database overwrites; lmdb's type lacks the options. */
  getBinaryFast: (key: Buffer, options?: { transaction?: ReadTransaction }) => Buffer | undefined
}

/** An environment, and what its file had when it was opened. */
export interface OpenedEnvironment {
  environment: Environment
  /** The names of the databases; none of a new file. */
  names: string[]
  /** Runs a write so that the data file is as it was when it fails; a reader writes nothing. */
  undoing: <T>(write: () => T) => T
}

/**
 * Size of the data file of a partition; null for none.
 *
 * @throws PulseError `system` for what is not a file
 */
export function dataFileBytes(directory: string): number | null {
  const path = dataFileOf(directory)
  requireFile(path)
  return statSync(path, { throwIfNoEntry: false })?.size ?? null
}

/**
 * Opens the environment in a directory; for writing, creates it.
 *
 * @throws PulseError `store-failed` for a damaged file, before LMDB follows its pages
 */
export function openEnvironment(directory: string, access: 'read' | 'write'): OpenedEnvironment {
  // An empty one has lost its pages.
  const isNew = dataFileBytes(directory) === null
  // LMDB opens it, also to read.
  requireFile(lockFileOf(directory))
  if (access === 'write') {
    allocateLockFile(directory)
    if (isNew) createDataFile(directory)
  }
  if (!isNew) withDataFile(directory, readNewestMeta)
  const environment = open<Buffer, Buffer>({
    path: directory,
    readOnly: access === 'read',
    encoding: 'binary',
    keyEncoding: 'binary',
    maxDbs: 16,
    maxReaders: 512,
    mapSize: MAP_BYTES,
    // Each commit is flushed before its meta page is written, so the newest one is always complete.
    overlappingSync: false,
  })
  try {
    return {
      environment,
      names: isNew ? [] : checkFile(environment, directory),
      undoing: (work) => (access === 'write' ? undoingMeta(directory, work) : work()),
    }
  } catch (error) {
    void environment.close()
    throw error
  }
}

const LOCK_FILE_BYTES = 36 * 1024

const lockFileOf = (directory: string): string => join(directory, 'lock.mdb')

/**
 * Writes LMDB's file of readers in full before LMDB maps it: LMDB makes it sparse, and a full volume
 * then ends the process with a signal. LMDB fills it when no other process has it open.
 */
function allocateLockFile(directory: string): void {
  makeDirectory(directory)
  const path = lockFileOf(directory)
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 0) return
  try {
    writeFileSync(path, Buffer.alloc(LOCK_FILE_BYTES), { flag: 'a' })
  } catch (error) {
    // The next attempt must not find a part of it.
    rmSync(path, { force: true })
    throw error
  }
}

/** Checks the pages as of a read transaction, which keeps them; returns the databases' names. */
function checkFile(environment: Environment, directory: string): string[] {
  return withDataFile(directory, (file) => {
    for (;;) {
      const before = readNewestMeta(file)
      const { finish } = beginTransaction(environment)
      try {
        const meta = readNewestMeta(file)
        // A writer may have committed before the transaction began: then it may be of either.
        if (meta.transaction === before.transaction) return checkPages(file, meta)
      } finally {
        finish()
      }
    }
  })
}

/** Opens a named database; a reader gets undefined for one that does not exist. */
export const openDatabase = (environment: Environment, name: string): BinaryDatabase | undefined =>
  environment.openDB<Buffer, Buffer>({ name, encoding: 'binary', keyEncoding: 'binary' })

/** Begins a read transaction. Call `finish`: a long one keeps old pages on disk. */
export function beginTransaction(environment: Environment): {
  transaction: ReadTransaction
  finish: () => void
} {
  // Without this, lmdb could return a transaction that it renewed earlier for another reader.
  environment.resetReadTxn()
  const transaction = environment.useReadTransaction()
  return { transaction, finish: () => transaction.done() }
}
