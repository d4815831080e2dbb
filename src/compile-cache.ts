// Keeps compiled code between starts, where no other user can write: that code runs as this user.
import { lstatSync, mkdirSync, realpathSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import { homedir } from 'node:os'
import { dirname, isAbsolute, join } from 'node:path'

/**
 * Makes this process and its threads keep compiled code in the user's cache directory. Nothing is
 * kept where another user could write. A NODE_COMPILE_CACHE of the environment has precedence.
 */
export function keepCompiledCode(): void {
  if (process.env.NODE_COMPILE_CACHE !== undefined) return
  const directory = cacheDirectory(process.env.XDG_CACHE_HOME, homedir(), process.getuid?.())
  if (directory === null) return
  enableCompileCache(directory)
  // Threads read it.
  process.env.NODE_COMPILE_CACHE = directory
}

/**
 * The directory of compiled code, created with mode 0700; null where it cannot be created, and where
 * another user could replace it or what it contains.
 *
 * @param cacheHome XDG_CACHE_HOME; ignored unless it is an absolute path
 * @param user undefined where files have no owners
 */
export function cacheDirectory(
  cacheHome: string | undefined,
  home: string,
  user: number | undefined,
): string | null {
  if (user === undefined) return null
  const parent = isAbsolute(cacheHome ?? '') ? (cacheHome ?? '') : join(home, '.cache')
  try {
    if (parent !== cacheHome) makeOne(parent)
    const directory = join(realpathSync(parent), 'xdr-pulse')
    if (!isSafe(dirname(directory), user)) return null
    makeOne(directory)
    const { uid, mode } = lstatSync(directory)
    // A link has the mode 0777.
    return uid === user && (mode & OTHERS_WRITE) === 0 ? directory : null
  } catch (error) {
    if (error instanceof Error && 'syscall' in error) return null
    throw error
  }
}

const OTHERS_WRITE = 0o022
const STICKY = 0o1000

/** Not `recursive`, which never returns under /proc. */
function makeOne(directory: string): void {
  try {
    mkdirSync(directory, { mode: 0o700 })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

/** Whether no other user can rename what a directory contains, nor a directory above it. */
function isSafe(directory: string, user: number): boolean {
  const { uid, mode } = lstatSync(directory)
  const isShared = (mode & OTHERS_WRITE) !== 0 && (mode & STICKY) === 0
  if (isShared || (uid !== user && uid !== 0)) return false
  const parent = dirname(directory)
  return parent === directory || isSafe(parent, user)
}
