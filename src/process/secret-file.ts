// Files with secrets: refused when other users could read or change them, read again when they change.
import { closeSync, constants, fstatSync, openSync, readFileSync, type Stats } from 'node:fs'
import { inputError, PulseError } from '../errors.ts'

/** Far above any token file or chain of certificates. */
const MOST_BYTES = 1 << 20
const OTHERS = 0o007
const GROUP_WRITES = 0o020
const GROUP_READS = 0o040

/** A file that only its user should have. */
export interface SecretFile {
  /** The option and the path, for sentences. */
  place: string
  path: string
  /** Whether it is public, as a certificate is: then others may read it, and none may change it. */
  isPublic?: boolean
}

/** The text of a secret file, and a sentence about what is allowed and unwise; null for none. */
export interface SecretText {
  text: string
  warning: string | null
}

/**
 * Reads a file of at most 1 MiB.
 *
 * @throws PulseError `usage` for a path that is not a regular file, a file that is too large, or that others may
 *   read or change; `input-missing` for one that cannot be read
 */
export function readSecretFile({ place, path, isPublic = false }: SecretFile): SecretText {
  let file: number
  try {
    // A pipe without a writer would otherwise block the process.
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (error) {
    throw inputError(place, error)
  }
  try {
    const found = fstatSync(file)
    const fault = faultOf(found, isPublic)
    if (fault !== null) throw new PulseError('usage', `${place} ${fault}`)
    return { text: readFileSync(file, 'utf8'), warning: warningOf(place, found, isPublic) }
  } catch (error) {
    if (error instanceof PulseError) throw error
    throw inputError(place, error)
  } finally {
    closeSync(file)
  }
}

/** Windows has no such permissions. */
const modeOf = ({ mode }: Stats): number => (process.platform === 'win32' ? 0 : mode)

const modeText = (found: Stats): string => (modeOf(found) & 0o777).toString(8).padStart(4, '0')

function faultOf(found: Stats, isPublic: boolean): string | null {
  if (!found.isFile()) return 'is not a regular file; expected one'
  if (found.size > MOST_BYTES) return `has ${found.size} bytes; expected at most ${MOST_BYTES}`
  const denied = isPublic ? (OTHERS & 0o002) | GROUP_WRITES : OTHERS | GROUP_WRITES
  if ((modeOf(found) & denied) === 0) return null
  const expected = isPublic ? '0644' : '0600'
  return (
    `is open to other users (mode ${modeText(found)}), expected ${expected}: ` +
    `run "chmod ${expected}" on it`
  )
}

function warningOf(place: string, found: Stats, isPublic: boolean): string | null {
  if (isPublic || (modeOf(found) & GROUP_READS) === 0) return null
  return `${place} can be read by its group (mode ${modeText(found)}); 0600 is for its user alone`
}

/** What is read again, and what is done with it. */
export interface Reloading<T> {
  read: () => T
  /** Called with each result that differs from the last one taken; throws to refuse it. */
  take: (value: T) => void
  /** Called once per different error of `read` and `take`. */
  onError: (error: unknown) => void
}

/** Time between two readings. The content decides: times of files do not show every change. */
const RELOAD_MS = 1000

/** Reads again every second, until the returned function is called. */
export function reloadOnChange<T>(first: T, { read, take, onError }: Reloading<T>): () => void {
  let last = JSON.stringify(first)
  let lastError = ''
  const timer = setInterval(() => {
    try {
      const value = read()
      const text = JSON.stringify(value)
      if (text !== last) take(value)
      last = text
      lastError = ''
    } catch (error) {
      const message = String(error)
      if (message !== lastError) onError(error)
      lastError = message
    }
  }, RELOAD_MS)
  timer.unref()
  return () => clearInterval(timer)
}
