// The stamp of a partition: its format and the options that a state directory fixes.
//
// Versions of every format read it, so it is plain JSON under its own name in all of them, and holds
// its checksum as a field since format 4.
import { crc32 } from 'node:zlib'
import { PulseError } from '../src/errors.ts'
import { damaged } from './data-file.ts'
import { unseal } from './entries.ts'
import type { BinaryDatabase, ReadTransaction } from './environment.ts'
import { presentStamp } from './former-format.ts'
import { FORMAT, type Stamp } from './partition-metadata.ts'

/** The first format with checksums. */
const CHECKED_FORMAT = 4
const KEY = Buffer.from('stamp')

/** True when the entries of a partition with this stamp have checksums; a new one's have. */
export const hasChecksums = (stamp: Stamp | null): boolean =>
  stamp === null || stamp.format >= CHECKED_FORMAT

/**
 * Reads the stamp from `meta`; null before it is written.
 *
 * @param path the data file, for errors
 * @throws PulseError `store-failed` when it is damaged
 */
export function readStoredStamp(
  meta: BinaryDatabase | undefined,
  path: string,
  transaction?: ReadTransaction,
): Stamp | null {
  const bytes = meta?.get(KEY, transaction === undefined ? undefined : { transaction })
  if (bytes === undefined) return null
  const stored = parse(bytes)
  if (stored === null) throw damaged(path, 'its stamp cannot be read')
  const { crc32: checksum, ...stamp } = stored
  const isChecked = checksum !== undefined || !isFormer(stamp)
  if (isChecked && checksum !== checksumOf(stamp)) {
    throw damaged(path, 'its stamp differs from its checksum')
  }
  return presentStamp(stamp)
}

/**
 * Checks all entries of `meta` but the stamp. They are read by name: one whose name is damaged would
 * count as missing, and its default as its value.
 *
 * @throws PulseError `store-failed` for an entry that is damaged
 */
export function checkNames(meta: BinaryDatabase | undefined, path: string): void {
  for (const { key, value } of meta?.getRange() ?? []) {
    if (key.equals(KEY) || unseal(key, value) !== null) continue
    throw damaged(path, `the entry ${JSON.stringify(key.toString())} differs from its checksum`)
  }
}

/** Writes the stamp of the present format, within a transaction. */
export function writeStamp(meta: BinaryDatabase, stamp: Stamp): void {
  const text = JSON.stringify({ ...stamp, crc32: checksumOf(stamp) })
  void meta.put(KEY, Buffer.from(text))
}

function parse(bytes: Buffer): Record<string, unknown> | null {
  try {
    const stored: unknown = JSON.parse(bytes.toString())
    return typeof stored === 'object' ? (stored as Record<string, unknown>) : null
  } catch {
    return null
  }
}

const isFormer = ({ format }: Record<string, unknown>): boolean =>
  typeof format === 'number' && format >= 1 && format < CHECKED_FORMAT

const checksumOf = (stamp: object): number => crc32(JSON.stringify(stamp), crc32(KEY))

/** The error for a directory of a newer format. */
export const newerFormat = (directory: string, format: number): PulseError =>
  new PulseError(
    'state-version',
    `the state directory ${directory} has format ${format}, expected up to ${FORMAT}; use ` +
      'the version that wrote it, or a newer one',
  )
