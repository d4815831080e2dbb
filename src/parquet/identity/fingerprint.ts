// The fingerprint of a file: an identity that is known before its whole content has been read.
import { createHash } from 'node:crypto'
import { closeSync, fstatSync, readSync, statSync, type BigIntStats } from 'node:fs'
import { resolve } from 'node:path'
import { PulseError } from '../../errors.ts'
import type { FileStamp } from '../../record/file-stamp.ts'
import { ENCRYPTED_MAGIC, MAGIC, openToRead, type FileFormat } from '../file-kind.ts'

/** An identity without the whole content, and the stamp of the file that it was taken from. */
export interface Fingerprint {
  id: string
  stamp: FileStamp
}

const TAIL_BYTES = 8
/** Number of samples of the body in a fingerprint, at even distances. */
const SAMPLES = 64
const SAMPLE_BYTES = 4096

/**
 * SHA-256 over a file's footer (Parquet), its size and samples of its body, as 32 hex digits; a copy
 * has the same. The footer alone is not enough: without statistics it does not depend on the values.
 *
 * @throws PulseError `input-invalid` for a file that is empty, truncated or encrypted
 */
export function fingerprint(path: string, format: FileFormat): Fingerprint {
  const file = openToRead(path)
  try {
    const stamp = stampFrom(path, fstatSync(file, { bigint: true }))
    if (stamp.bytes === 0) throw invalid(path, 'the file is empty (0 bytes)')
    const footer = format === 'parquet' ? footerOf(path, file, stamp.bytes) : Buffer.alloc(0)
    const hash = createHash('sha256').update(footer).update(String(stamp.bytes))
    const body = stamp.bytes - (format === 'parquet' ? TAIL_BYTES + footer.length : 0)
    for (let sample = 0; sample < SAMPLES; sample++) {
      const at = Math.floor((Math.max(0, body - SAMPLE_BYTES) * sample) / (SAMPLES - 1))
      hash.update(readAt(file, at, Math.min(SAMPLE_BYTES, body - at)))
    }
    return { id: hash.digest('hex').slice(0, 32), stamp }
  } finally {
    closeSync(file)
  }
}

/** The present stamp of the file at a path; null when there is none. */
export function stampOf(path: string): FileStamp | null {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false })
  return found === undefined ? null : stampFrom(path, found)
}

const stampFrom = (path: string, { dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): FileStamp => ({
  path: resolve(path),
  inode: `${dev}:${ino}`,
  bytes: Number(size),
  modifiedNs: String(mtimeNs),
  changedNs: String(ctimeNs),
})

const invalid = (path: string, found: string, expected = 'a whole Parquet file'): PulseError =>
  new PulseError('input-invalid', `${path}: ${found}; expected ${expected}`)

function footerOf(path: string, file: number, size: number): Buffer {
  const head = readAt(file, 0, Math.min(size, MAGIC.length)).toString('latin1')
  const tail = readAt(file, Math.max(0, size - TAIL_BYTES), Math.min(size, TAIL_BYTES))
  if (
    head === ENCRYPTED_MAGIC ||
    (head === MAGIC && tail.toString('latin1', 4) === ENCRYPTED_MAGIC)
  ) {
    const remedy = 'a file that is not encrypted: decrypt it with the tool that wrote it'
    throw invalid(path, 'the file is encrypted (magic bytes PARE)', remedy)
  }
  if (head !== MAGIC) throw invalid(path, 'the file is not a Parquet file')
  if (size < MAGIC.length + TAIL_BYTES)
    throw invalid(path, `the file is truncated at ${size} bytes`)
  const length = tail.readUInt32LE(0)
  if (tail.toString('latin1', 4) !== MAGIC || length + TAIL_BYTES + MAGIC.length > size) {
    throw invalid(path, `the file is truncated at ${size} bytes, its footer is missing`)
  }
  return readAt(file, size - TAIL_BYTES - length, length)
}

/** Bytes of an open file; fewer when it ends before. */
export function readAt(file: number, position: number, length: number): Buffer {
  const bytes = Buffer.alloc(length)
  let read = 0
  while (read < length) {
    const more = readSync(file, bytes, read, length - read, position + read)
    if (more === 0) break
    read += more
  }
  return bytes.subarray(0, read)
}
