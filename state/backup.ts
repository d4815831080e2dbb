// Backups: copies of a state directory that are complete, checked, and made beside its writer.
import {
  closeSync,
  constants,
  copyFileSync,
  fsyncSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import { outputError, PulseError } from '../src/errors.ts'
import { readPartitionCounts, violationsOf, type PartitionCounts } from './conservation.ts'
import { completeCopy } from './copied-file.ts'
import { dataFileOf } from './data-file.ts'
import { dataFileBytes } from './environment.ts'
import { lockState } from './lock.ts'
import type { Stamp } from './partition-metadata.ts'
import { openStateToRead, type ReadableState } from './read.ts'
import { makeDirectory } from './write-error.ts'
import { hasState } from './writer.ts'

/** A copy of a state, and what it holds. */
export interface StateCopy {
  directory: string
  bytes: number
  stamp: Stamp
  partitions: PartitionCounts[]
}

/** A finished backup. */
export interface Backup extends StateCopy {
  /** Names of the former backups that were deleted. */
  deleted: string[]
}

/** By order of name, backups are in order of time. */
const NAME = /^xdr-pulse-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d-\d{3}Z$/
const nameAt = (now: Date): string => `xdr-pulse-${now.toISOString().replaceAll(/[:.]/g, '-')}`
const PARTIAL = '.part'
const PARTITION = /^partition-\d{4}$/

/**
 * Copies a state directory to a new directory in `target`, also while it is written: each partition
 * as of one commit. The copy gets its name when it is complete and checked.
 *
 * @param keep of the backups in `target`, this many of the newest are kept
 * @throws PulseError `state-missing`, `store-failed` and `state-corrupt` for the state, `output` when
 *   the copy cannot be written, `state-locked` while another backup is written to `target`
 */
export async function backupState(
  directory: string,
  target: string,
  keep: number,
): Promise<Backup> {
  const state = openStateToRead(directory)
  try {
    makeDirectory(target)
    const lock = lockState(target, 'backup')
    try {
      // What a former process left.
      for (const name of readdirSync(target)) {
        if (name.endsWith(PARTIAL)) rmSync(join(target, name), { recursive: true })
      }
      const path = join(target, nameAt(new Date()))
      const partial = `${path}${PARTIAL}`
      const copy = await naming(`the backup ${path}`, partial, async () => {
        for (const store of state.stores) {
          const to = join(partial, basename(store.directory))
          makeDirectory(to)
          await store.environment.backup(to, false)
          completeCopy(to)
        }
        const checked = await checkCopy(partial, state.stores.length)
        renameSync(partial, path)
        flush(target)
        return checked
      })
      return { ...copy, directory: path, deleted: deleteFormer(target, keep) }
    } finally {
      lock.release()
    }
  } finally {
    await state.close()
  }
}

/**
 * Makes a state directory from a backup.
 *
 * @throws PulseError `state-options` for a directory that holds a state, `state-missing` for a
 *   backup that is none, `store-failed` and `state-corrupt` for a damaged one, `output`
 */
export async function restoreState(backup: string, directory: string): Promise<StateCopy> {
  if (!hasState(backup)) {
    throw new PulseError(
      'state-missing',
      `${backup} is not a backup; expected one of the directories xdr-pulse-… that "backup" wrote`,
    )
  }
  const state = openStateToRead(backup)
  await state.close()
  makeDirectory(directory)
  const lock = lockState(directory, 'restore')
  try {
    const held = readdirSync(directory).find((name) => PARTITION.test(name))
    if (held !== undefined) {
      throw new PulseError(
        'state-options',
        `${directory} holds a state (${held}), expected none; give another --state directory, or ` +
          'move this one away: a restore replaces nothing',
      )
    }
    const partial = join(directory, `restore${PARTIAL}`)
    rmSync(partial, { recursive: true, force: true })
    return await naming(`the state directory ${directory}`, partial, async () => {
      const names = state.stores.map((store) => basename(store.directory))
      for (const name of names) {
        makeDirectory(join(partial, name))
        const file = dataFileOf(join(partial, name))
        copyFileSync(dataFileOf(join(backup, name)), file, constants.COPYFILE_FICLONE)
        flush(file)
      }
      const checked = await checkCopy(partial, names.length)
      // The first partition is renamed last: a directory without it holds no state.
      for (const name of names.toReversed()) {
        renameSync(join(partial, name), join(directory, name))
      }
      rmSync(partial, { recursive: true })
      flush(directory)
      return { ...checked, directory }
    })
  } finally {
    lock.release()
  }
}

/** Opens a copy, which checks its pages, and reads and compares everything in it. */
async function checkCopy(directory: string, partitions: number): Promise<StateCopy> {
  const copy = openStateToRead(directory)
  let found: PartitionCounts[]
  try {
    found = readPartitionCounts(copy)
    readRejectedRows(copy)
  } finally {
    await copy.close()
  }
  const violations = violationsOf(found)
  if (violations.length > 0 || found.length !== partitions) {
    throw new PulseError(
      'state-corrupt',
      `the state is inconsistent: ${violations.join('; ')}; expected numbers that agree: it was not ` +
        'copied; read its sources into a new directory',
    )
  }
  const directories = copy.stores.map((store) => store.directory)
  // Only LMDB's data file belongs to a copy: readers of another machine are none of its own.
  for (const one of directories) rmSync(join(one, 'lock.mdb'), { force: true })
  for (const one of [...directories, directory]) flush(one)
  const bytes = directories.reduce((sum, one) => sum + (dataFileBytes(one) ?? 0), 0)
  return { directory, bytes, stamp: copy.stamp, partitions: found }
}

/** Reads the entries that no sum has; each is compared with its checksum. */
function readRejectedRows({ stores }: ReadableState): void {
  for (const { rejected } of stores)
    Array.from(rejected.getRange({}), ({ value }) => value !== null)
}

/** Deletes all but the newest backups; each is renamed first, so that none is half deleted. */
function deleteFormer(target: string, keep: number): string[] {
  const backups = readdirSync(target).filter((name) => NAME.test(name))
  const former = backups.sort().slice(0, Math.max(0, backups.length - keep))
  for (const name of former) {
    const partial = join(target, `${name}${PARTIAL}`)
    renameSync(join(target, name), partial)
    rmSync(partial, { recursive: true })
  }
  return former
}

/** Makes names and bytes durable. */
function flush(path: string): void {
  const descriptor = openSync(path, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/** Runs `work`, which writes to `partial`; removes that, and names the subject, when it fails. */
async function naming<T>(subject: string, partial: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    rmSync(partial, { recursive: true, force: true })
    throw error instanceof PulseError ? error : outputError(subject, error)
  }
}
