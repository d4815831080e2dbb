// What a path is: a Parquet or CSV file by its content and name, a directory, or nothing to open.
import { closeSync, lstatSync, openSync, readlinkSync, readSync, statSync } from 'node:fs'
import { PulseError } from '../errors.ts'
import { typeText } from '../file-type.ts'

/** The formats that are read. */
export type FileFormat = 'parquet' | 'csv'

/** The bytes at both ends of a Parquet file; a file with an encrypted footer has others. */
export const MAGIC = 'PAR1'
/** The bytes at both ends of a Parquet file with an encrypted footer. */
export const ENCRYPTED_MAGIC = 'PARE'

const PARQUET_NAME = /\.(parquet|parq|pq)$/i
const CSV_NAME = /\.(csv|tsv)(\.gz)?$/i

/** Identity of a file or directory within the system, whatever the path to it. */
export interface PathStatus {
  /** Device and inode. */
  key: string
  type: 'file' | 'directory'
  bytes: number
}

/**
 * The status of what a path leads to, links followed.
 *
 * @throws PulseError `input-invalid` for a link without a target, a path that cannot be read, and
 *   what is neither a file nor a directory: it is never opened, because opening may wait forever
 */
export function statusOf(path: string): PathStatus {
  const found = tryStat(path)
  const type = found.isFile() ? 'file' : found.isDirectory() ? 'directory' : null
  if (type === null) {
    throw refused(path, `it is ${typeText(found)}`, 'write the rows to a file and name that')
  }
  return { key: `${found.dev}:${found.ino}`, type, bytes: Number(found.size) }
}

function tryStat(path: string) {
  try {
    return statSync(path, { bigint: true })
  } catch (error) {
    throw unreadable(path, error)
  }
}

/** The error for a path that the system does not let this process read. */
export function unreadable(path: string, error: unknown): PulseError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
  const target = code === 'ENOENT' || code === 'ELOOP' ? targetOf(path) : null
  if (target !== null) {
    const found = code === 'ELOOP' ? 'it is a link that leads to itself' : 'its target is missing'
    return refused(path, `${found} (link to ${target})`, 'restore the target or remove the link')
  }
  return refused(path, `it cannot be read (${code})`, 'check the path and its permissions', error)
}

function targetOf(path: string): string | null {
  try {
    return lstatSync(path).isSymbolicLink() ? readlinkSync(path) : null
  } catch {
    return null
  }
}

const refused = (path: string, found: string, remedy: string, cause?: unknown): PulseError =>
  new PulseError(
    'input-invalid',
    `${path}: ${found}; expected Parquet or CSV files: ${remedy}`,
    cause,
  )

/**
 * The format of a file. Parquet is recognised by its first bytes under any name, CSV by its name; a
 * file that is called Parquet and is not remains Parquet here, so that it is refused, not skipped.
 */
export function formatOf(path: string): FileFormat | null {
  if (PARQUET_NAME.test(path)) return 'parquet'
  const head = headOf(path)
  if (head === MAGIC || head === ENCRYPTED_MAGIC) return 'parquet'
  return CSV_NAME.test(path) ? 'csv' : null
}

/** Opens a file to read it; returns its descriptor. @throws PulseError `input-invalid` */
export function openToRead(path: string): number {
  try {
    return openSync(path, 'r')
  } catch (error) {
    throw unreadable(path, error)
  }
}

function headOf(path: string): string {
  const file = openToRead(path)
  try {
    const bytes = Buffer.alloc(MAGIC.length)
    return bytes.toString('latin1', 0, readSync(file, bytes, 0, bytes.length, 0))
  } catch (error) {
    throw unreadable(path, error)
  } finally {
    closeSync(file)
  }
}
