// Errors of writing a state directory: the path, and the sentence of `src/errno.ts`.
import { statfsSync, statSync } from 'node:fs'
import { constants } from 'node:os'
import { getSystemErrorMessage } from 'node:util'
import { errnoOf, errnoSentence } from '../src/errno.ts'
import { messageOf, PulseError } from '../src/errors.ts'
import { otherThanFile, typeText } from '../src/file-type.ts'
import { makeMissing } from '../src/output-path.ts'

/** Less than LMDB needs for the smallest commit. */
const NO_SPACE_BYTES = 64 * 1024

/**
 * Makes a directory and those above it.
 *
 * @throws PulseError `system` that names the error, or what is there in place of the directory
 */
export function makeDirectory(path: string): void {
  makeMissing(path, (missing, error) => systemError(missing, error) ?? error)
  const found = namingErrors(path, () => statSync(path))
  if (!found.isDirectory()) throw unexpected(path, typeText(found), 'a directory')
}

/**
 * Checks that a path of a state is a file or does not exist.
 *
 * @throws PulseError `system` that names what it is
 */
export function requireFile(path: string, typeOf = otherThanFile): void {
  const found = namingErrors(path, () => typeOf(path))
  if (found !== null) throw unexpected(path, found, 'a file of a state')
}

function unexpected(path: string, found: string, expected: string): PulseError {
  const advice = 'move it away, or choose another directory with --state'
  return new PulseError('system', `${path} is ${found}, expected ${expected}; ${advice}`)
}

/** File systems such as /proc have directories that hold no new files. */
export const withoutFiles = (directory: string, cause: unknown): PulseError =>
  new PulseError(
    'system',
    `${directory} cannot hold new files, expected a directory of a volume; choose another directory ` +
      'with --state',
    cause,
  )

/**
 * Runs `work`, which writes to a path for the first time.
 *
 * @throws PulseError `system` for an error of the system; any other error as it is
 */
export function namingErrors<T>(path: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof PulseError) throw error
    throw systemError(path, error) ?? error
  }
}

function systemError(path: string, error: unknown): PulseError | null {
  const sentence = errnoSentence(path, withCause(path, error))
  if (sentence === null) return null
  return new PulseError('system', `${sentence}, or choose another directory with --state`, error)
}

/** The error of a write as a phrase. */
export function writeErrorText(path: string, error: unknown): string {
  const errno = errnoOf(withCause(path, error))
  const message = messageOf(error)
  if (errno === 'ENOSPC') return `ENOSPC: ${getSystemErrorMessage(-constants.errno.ENOSPC)}`
  return errno === null || message.startsWith(errno) ? message : `${errno}: ${message}`
}

/** LMDB reports a full volume as an input/output error: the error of the system that it is. */
function withCause(path: string, error: unknown): unknown {
  if (errnoOf(error) !== 'EIO' || !isFull(path)) return error
  return Object.assign(new Error(messageOf(error)), { code: 'ENOSPC', syscall: 'write' })
}

function isFull(path: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(path)
    return bavail * bsize < NO_SPACE_BYTES
  } catch {
    return false
  }
}
