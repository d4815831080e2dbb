// What a path leads to, in words: only files and directories are opened.
import { lstatSync, statSync, type Stats } from 'node:fs'

/** What `fs.Stats` distinguishes. */
type Types = Pick<Stats, 'isFile' | 'isDirectory' | 'isFIFO' | 'isSocket' | 'isSymbolicLink'>

/** The type of what was found, for a sentence. */
export function typeText(found: Types): string {
  if (found.isFile()) return 'a file'
  if (found.isDirectory()) return 'a directory'
  if (found.isSymbolicLink()) return 'a symbolic link'
  if (found.isFIFO()) return 'a named pipe'
  return found.isSocket() ? 'a socket' : 'a device'
}

/**
 * The type of what a path leads to, links followed, unless it is a file; null for a file and for a
 * path that does not exist. Opening anything else may wait forever.
 */
export const otherThanFile = (path: string): string | null =>
  otherType(statSync(path, { throwIfNoEntry: false }))

/** As `otherThanFile`, for a path that may not be a link. */
export const otherThanOwnFile = (path: string): string | null =>
  otherType(lstatSync(path, { throwIfNoEntry: false }))

const otherType = (found: Stats | undefined): string | null =>
  found === undefined || found.isFile() ? null : typeText(found)
