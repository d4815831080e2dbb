// Errors of writing a state directory, by the system's name of the error, the path and what to do.
import { existsSync, mkdirSync, statfsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { getSystemErrorMessage, getSystemErrorName } from 'node:util'
import { messageOf, PulseError } from '../src/errors.ts'

const REMEDIES: Readonly<Record<string, string>> = {
  ENOSPC: 'free space on its volume',
  EDQUOT: 'raise the quota of its volume',
  EROFS: 'mount its volume for writing',
  EACCES: 'give this user the right to write there',
  EPERM: 'give this user the right to write there',
  ENOTDIR: 'remove the file that is in place of a directory',
  EEXIST: 'remove the file that is in place of the directory',
  EIO: 'check its volume',
}

/** Less than LMDB needs for the smallest commit. */
const NO_SPACE_BYTES = 64 * 1024

/**
 * Makes a directory and those above it.
 *
 * @throws PulseError `system` that names the error
 */
export function makeDirectory(path: string): void {
  namingErrors(path, () => {
    const absolute = resolve(path)
    // With `recursive`, Node.js reports a read-only volume as a missing file.
    if (!existsSync(dirname(absolute))) makeDirectory(dirname(absolute))
    if (!existsSync(absolute)) makeOne(absolute)
  })
  // Reports a file in place of the directory.
  namingErrors(path, () => mkdirSync(path, { recursive: true }))
}

/** Another process may make it at the same time. */
function makeOne(path: string): void {
  try {
    mkdirSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

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
    const name = nameOf(path, error)
    if (name === null) throw error
    const remedy = REMEDIES[name] ?? 'check that path and its rights'
    throw new PulseError(
      'system',
      `${path} cannot be written (${textOf(name, error)}); ${remedy}, or choose another directory ` +
        'with --state',
      error,
    )
  }
}

/** The error of a write as a phrase: LMDB reports a full volume as an input/output error. */
export function writeErrorText(path: string, error: unknown): string {
  const name = nameOf(path, error)
  return name === null ? messageOf(error) : textOf(name, error)
}

/** The system's name of an error of Node.js or LMDB; null for an error of neither. */
function nameOf(path: string, error: unknown): string | null {
  const { code, syscall } = error as { code?: unknown; syscall?: unknown }
  if (typeof code === 'string' && syscall !== undefined) return code
  // Errors of LMDB itself are negative; positive ones are of the system.
  if (typeof code !== 'number' || code <= 0) return null
  const name = getSystemErrorName(-code)
  return name === 'EIO' && isFull(path) ? 'ENOSPC' : name
}

function textOf(name: string, error: unknown): string {
  const message = messageOf(error)
  if (name === 'ENOSPC') return `ENOSPC: ${getSystemErrorMessage(-28)}`
  return message.startsWith(name) ? message : `${name}: ${message}`
}

function isFull(path: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(path)
    return bavail * bsize < NO_SPACE_BYTES
  } catch {
    return false
  }
}
