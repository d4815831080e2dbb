// Errors of system calls as sentences: one table from the error code to what was found and what to do.
import { constants } from 'node:os'

/** What an error code means for its subject: a path, an address, or the process. */
export interface ErrnoText {
  /** Follows the subject: "is a directory". */
  found: string
  expected: string
  advice: string
}

const VOLUME_ADVICE = 'check the volume and its system log'
const CONNECTION = {
  expected: 'a server that accepts connections',
  advice: 'check the address, and that the server runs',
}

/** The error codes that users meet; every other code is reported as it is. */
const ERRNO: Readonly<Record<string, ErrnoText>> = {
  ENOENT: {
    found: 'does not exist',
    expected: 'an existing path',
    advice: 'check the path, or create it',
  },
  EACCES: {
    found: 'is not accessible to this user',
    expected: 'permission',
    advice: 'change its permissions, or run as another user',
  },
  EPERM: {
    found: 'is protected by the system',
    expected: 'permission',
    advice: 'change its owner or attributes, or give another path',
  },
  EROFS: {
    found: 'is on a read-only volume',
    expected: 'a writable one',
    advice: 'mount it writable, or give another path',
  },
  EISDIR: {
    found: 'is a directory',
    expected: 'a file',
    advice: 'give the path of a file',
  },
  ENOTDIR: {
    found: 'is not a directory, or lies below a file',
    expected: 'a directory',
    advice: 'check each part of the path',
  },
  EEXIST: {
    found: 'exists, but is not a directory',
    expected: 'a directory',
    advice: 'give another path, or move the file away',
  },
  ENOSPC: {
    found: 'is on a full volume',
    expected: 'free space',
    advice: 'free space on the volume, then run the command again',
  },
  EDQUOT: {
    found: "exceeds the user's disk quota",
    expected: 'free space',
    advice: 'free space, or raise the quota',
  },
  EFBIG: {
    found: 'exceeds the maximum size of a file',
    expected: 'a smaller file',
    advice: 'check "ulimit -f", and the file system',
  },
  EIO: {
    found: 'is on a volume that fails or is full (input/output error)',
    expected: 'a volume that works',
    advice: VOLUME_ADVICE,
  },
  ESTALE: {
    found: 'is on a network volume that no longer has it',
    expected: 'a volume that works',
    advice: 'mount the volume again',
  },
  EBUSY: {
    found: 'is in use',
    expected: 'no other user of it',
    advice: 'end the process that uses it',
  },
  ELOOP: {
    found: 'is a symbolic link to itself',
    expected: 'a path without cycles',
    advice: 'correct the link',
  },
  ENAMETOOLONG: {
    found: 'has too long a name',
    expected: 'up to 255 bytes per name',
    advice: 'give a shorter path',
  },
  EMFILE: {
    found: 'cannot be opened: this process has too many open files',
    expected: 'a higher limit',
    advice: 'raise the limit ("ulimit -n 65536"), or use fewer partitions',
  },
  ENFILE: {
    found: 'cannot be opened: the machine has too many open files',
    expected: 'a higher limit',
    advice: 'raise fs.file-max, or end other processes',
  },
  ENOMEM: {
    found: 'needs more memory than is available',
    expected: 'free memory',
    advice: 'free memory, or raise the limit of the process or container',
  },
  EPIPE: {
    found: 'was closed by its reader',
    expected: 'a reader',
    advice: 'run the command again',
  },
  EADDRINUSE: {
    found: 'is in use by another process',
    expected: 'a free address',
    advice: 'end the process that uses it, or give another port',
  },
  EADDRNOTAVAIL: {
    found: 'is not an address of this machine',
    expected: 'one that it has',
    advice: 'give another address',
  },
  ECONNREFUSED: { found: 'refuses connections', ...CONNECTION },
  ECONNRESET: { found: 'closed the connection', ...CONNECTION },
  ETIMEDOUT: { found: 'does not answer', ...CONNECTION },
  EHOSTUNREACH: { found: 'cannot be reached', ...CONNECTION },
  ENETUNREACH: { found: 'cannot be reached', ...CONNECTION },
  ENOTFOUND: {
    found: 'is not a known host name',
    expected: 'a name that resolves',
    advice: 'check the name and the name server',
  },
  EAI_AGAIN: {
    found: 'cannot be resolved at the moment',
    expected: 'a name that resolves',
    advice: 'check the name server',
  },
}

/** The texts of the C library, by which libraries without codes report errors (DuckDB, LMDB). */
const LIBRARY_TEXTS: readonly (readonly [string, string])[] = [
  ['No such file or directory', 'ENOENT'],
  ['Permission denied', 'EACCES'],
  ['Operation not permitted', 'EPERM'],
  ['Read-only file system', 'EROFS'],
  ['Is a directory', 'EISDIR'],
  ['Not a directory', 'ENOTDIR'],
  ['No space left on device', 'ENOSPC'],
  ['Disk quota exceeded', 'EDQUOT'],
  ['File too large', 'EFBIG'],
  ['Input/output error', 'EIO'],
  ['Stale file handle', 'ESTALE'],
  ['Too many open files in system', 'ENFILE'],
  ['Too many open files', 'EMFILE'],
  ['Cannot allocate memory', 'ENOMEM'],
  ['File name too long', 'ENAMETOOLONG'],
]

const NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(constants.errno).map(([name, number]) => [number, name]),
)

/**
 * The error code of the system call that failed, such as `ENOSPC`, or null. It is the error's own
 * `code`, a positive number in its place (LMDB), or what the message quotes (DuckDB).
 */
export function errnoOf(error: unknown): string | null {
  if (!(error instanceof Error)) return null
  const { code, errno } = error as { code?: unknown; errno?: unknown }
  if (typeof code === 'number') return NAMES.get(code) ?? null
  // Node.js has no name for some of them, such as EDQUOT and ESTALE.
  if (code === 'UNKNOWN' && typeof errno === 'number') return NAMES.get(-errno) ?? code
  if (typeof code === 'string' && ('syscall' in error || code in ERRNO)) return code
  return LIBRARY_TEXTS.find(([text]) => error.message.includes(text))?.[1] ?? null
}

/**
 * A sentence about a failed system call: subject, found, expected, what to do; null for an error
 * that is none.
 *
 * @param subject the path, address or option that the call was about
 * @param expected replaces the table's, where the caller knows better
 */
export function errnoSentence(subject: string, error: unknown, expected?: string): string | null {
  const errno = errnoOf(error)
  if (errno === null) return null
  const text = ERRNO[errno] as ErrnoText | undefined
  if (text !== undefined) {
    return `${subject} ${text.found} (${errno}); expected ${expected ?? text.expected}; ${text.advice}`
  }
  const { message } = error as Error
  const wanted = expected ?? 'a call that succeeds'
  return `${subject} cannot be used (${message}); expected ${wanted}; check the path and the system log`
}

/** What a failed system call was about: its path, or its address; `fallback` for neither. */
export function errnoSubject(error: unknown, fallback: string): string {
  const { path, dest, address, hostname, port } = error as Record<string, unknown>
  const place = [dest, path].find((name) => typeof name === 'string')
  if (typeof place === 'string') return place
  const host = [address, hostname].find((name) => typeof name === 'string')
  if (typeof host !== 'string') return fallback
  return typeof port === 'number' ? `${host}:${port}` : host
}
