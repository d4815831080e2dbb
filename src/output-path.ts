// Checks where a command is to write, before its work; and writes so that nothing is half written.
import { closeSync, existsSync, mkdirSync, openSync, rmSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { errnoOf } from './errno.ts'
import { outputError, PulseError } from './errors.ts'
import { typeText } from './file-type.ts'

/**
 * The name under which a file is written before it is complete. It is in the same directory, so that
 * it can be renamed.
 */
export const partialOf = (target: string): string => `${target}.${process.pid}.part`

/**
 * Checks that a file can be written: its directory exists and is writable, and its path is not that
 * of a directory, device or pipe.
 *
 * @param place the option that names it, for sentences
 * @returns the absolute path
 * @throws PulseError `output`
 */
export function checkOutputFile(place: string, file: string): string {
  const target = resolve(file)
  const folder = dirname(target)
  const subject = `${place} ${file}`
  requireDirectory(`${subject}: the directory ${folder}`, folder)
  const found = statOf(subject, target)
  if (found?.isDirectory() === true) {
    throw new PulseError('output', `${subject} is a directory, expected a file name; add one`)
  }
  if (found !== undefined && !found.isFile()) {
    const text = `${subject} is ${typeText(found)}, expected a file; give another path`
    throw new PulseError('output', text)
  }
  tryToWrite(`${subject}: the directory ${folder}`, folder)
  return target
}

/**
 * Checks that files can be written into a directory, which is created if it is missing.
 *
 * @param place the option that names it, for sentences
 * @returns the absolute path
 * @throws PulseError `output`
 */
export function checkOutputDirectory(place: string, directory: string): string {
  const target = resolve(directory)
  const subject = `${place} ${directory}`
  makeDirectory(subject, target)
  requireDirectory(subject, target)
  tryToWrite(subject, target)
  return target
}

/**
 * A sentence for a state directory that other users can open, which this program did not create so;
 * null for any other path. Its permissions are not changed: somebody may have chosen them.
 */
export function accessWarning(directory: string): string | null {
  let mode: number
  try {
    const found = statSync(directory)
    if (!found.isDirectory()) return null
    mode = found.mode & 0o777
  } catch {
    // It does not exist yet, or its use reports the error.
    return null
  }
  if ((mode & 0o077) === 0) return null
  return (
    `the state directory ${directory} is open to other users (mode ${mode.toString(8)}), expected ` +
    `700: its subscribers can be read; run "chmod -R go= ${directory}"`
  )
}

/**
 * Creates a directory and those above it.
 *
 * @throws PulseError `output`
 */
export function makeDirectory(subject: string, directory: string): void {
  makeMissing(directory, (path, error) => outputError(`${subject}: the directory ${path}`, error))
}

/**
 * Creates the directories of a path that do not exist, one after another: `mkdir` with `recursive`
 * never returns under /proc, and reports a read-only volume as a missing file.
 *
 * @param errorOf the error to throw for a directory that cannot be created
 */
export function makeMissing(
  directory: string,
  errorOf: (path: string, error: unknown) => unknown,
): void {
  const missing: string[] = []
  for (let path = resolve(directory); !existsSync(path); path = dirname(path)) missing.push(path)
  for (const path of missing.reverse()) {
    try {
      mkdirSync(path)
    } catch (error) {
      // Another process may have created it.
      if (!existsSync(path)) throw errorOf(path, error)
    }
  }
}

function requireDirectory(subject: string, directory: string): void {
  const found = statOf(subject, directory)
  if (found === undefined) {
    throw new PulseError('output', `${subject} does not exist; create it first`)
  }
  if (!found.isDirectory()) {
    const text = `${subject} is ${typeText(found)}, expected a directory; choose another path`
    throw new PulseError('output', text)
  }
}

function statOf(subject: string, path: string) {
  try {
    return statSync(path, { throwIfNoEntry: false })
  } catch (error) {
    throw outputError(subject, error)
  }
}

/** Permissions do not show read-only volumes and quotas: a file is created and removed. */
function tryToWrite(subject: string, directory: string): void {
  const probe = partialOf(join(directory, '.xdr-pulse'))
  try {
    closeSync(openSync(probe, 'w'))
  } catch (error) {
    // The directory exists: file systems such as /proc create no files.
    if (errnoOf(error) === 'ENOENT') {
      const text = `${subject} cannot hold new files, expected one of a volume; give another path`
      throw new PulseError('output', text, error)
    }
    throw outputError(subject, error)
  } finally {
    rmSync(probe, { force: true })
  }
}
