// One writer at a time: a lock file names the process that writes the state directory.
import {
  closeSync,
  existsSync,
  linkSync,
  openSync,
  readFileSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { errnoOf } from '../src/errno.ts'
import { PulseError } from '../src/errors.ts'
import { otherThanOwnFile } from '../src/file-type.ts'
import { isSilent, startHeartbeat } from './heartbeat.ts'
import { namingErrors, requireFile, withoutFiles } from './write-error.ts'
import { isHere, isOwner, ownIdentity, ownName, stateOf, type Owner } from './process-identity.ts'

/** A lock that this process holds. */
export interface Lock {
  /**
   * Checks that the lock was not taken over, as it is from a process that was stopped for long.
   *
   * @throws PulseError `state-locked`
   */
  require(): void
  release(): void
}

/**
 * Locks the directory for this process. A lock whose process has ended, in whatever way, is taken
 * over: at once when the process was one of this system, otherwise when its heartbeat has stopped.
 *
 * @param command shown to other processes that find the lock
 * @throws PulseError `state-locked` that names the owner
 */
export const lockState = (directory: string, command: string): Lock =>
  namingErrors(directory, () => lock(directory, command))

function lock(directory: string, command: string): Lock {
  const path = join(directory, 'writer.lock')
  const text = JSON.stringify(ownIdentity(command))
  const draft = `${path}.${ownName()}`
  // A killed process with the same pid may have left its draft; former versions named it by the pid.
  for (const former of [draft, `${path}.${process.pid}`]) rmSync(former, { force: true })
  writeDraft(directory, draft, text)
  const descriptor = openSync(draft, 'r+')
  try {
    acquire(directory, draft, path)
  } catch (error) {
    closeSync(descriptor)
    throw error
  } finally {
    unlinkSync(draft)
  }
  const stop = startHeartbeat(descriptor)
  return {
    require: () => requireLock(directory, command),
    release() {
      stop()
      // The directory may have been deleted and created again by another process.
      if (readText(path) === text) rmSync(path, { force: true })
    },
  }
}

/**
 * Checks, in any thread of a process, that it holds the lock of a directory.
 *
 * @throws PulseError `state-locked` when another process has taken the lock over
 */
export function requireLock(directory: string, command: string): void {
  const text = JSON.stringify(ownIdentity(command))
  if (readText(join(directory, 'writer.lock')) !== text) throw takenOver(directory)
}

function writeDraft(directory: string, draft: string, text: string): void {
  try {
    writeFileSync(draft, text)
  } catch (error) {
    throw errnoOf(error) === 'ENOENT' && existsSync(directory)
      ? withoutFiles(directory, error)
      : error
  }
}

/** Links the draft as `path`; removes the lock of an owner that has ended. */
function acquire(directory: string, draft: string, path: string): void {
  while (!tryLink(draft, path)) {
    const text = readText(path)
    if (text === null) continue
    const owner = parseOwner(text)
    const state = owner === null ? 'ended' : stateOf(owner)
    if (owner !== null && state !== 'ended') {
      const hasEnded = state === 'beating' && isSilent(path, text, draft)
      if (!hasEnded && readText(path) === text) throw locked(directory, path, owner)
      if (!hasEnded) continue
    }
    // Two processes may find the same dead owner: without a claim, the slower one would remove the
    // new lock of the faster one.
    const claim = `${path}.after-${owner === null ? 'none' : `${owner.pid}-${owner.processStart}`}`
    acquire(directory, draft, claim)
    try {
      if (readText(path) === text) rmSync(path, { force: true })
    } finally {
      rmSync(claim, { force: true })
    }
  }
}

/** Creates a hard link, which is atomic; false when `path` exists. */
function tryLink(draft: string, path: string): boolean {
  try {
    linkSync(draft, path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

function readText(path: string): string | null {
  requireFile(path, otherThanOwnFile)
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

/** Null for a lock that a power failure left empty or torn, and for any other text: no process has it. */
function parseOwner(text: string): Owner | null {
  try {
    const found = JSON.parse(text) as Owner
    return isOwner(found) ? found : null
  } catch {
    return null
  }
}

function locked(directory: string, path: string, owner: Owner): PulseError {
  const away = owner.host === hostname() ? '' : ` on ${owner.host}`
  const elsewhere = away === '' && !isHere(owner) ? ' of another container' : ''
  const remedy =
    away === ''
      ? 'wait for it or end it'
      : `if that host no longer uses the directory, delete ${path}`
  return new PulseError(
    'state-locked',
    `the state directory ${directory} is being written by process ${owner.pid}${away}${elsewhere} ` +
      `(${owner.command}), expected no other writer; ${remedy}`,
  )
}

const takenOver = (directory: string): PulseError =>
  new PulseError(
    'state-locked',
    `another process has taken over the lock of ${directory}, expected this one to hold it; this ` +
      'process was stopped for too long: it ends without a commit, and may be started again',
  )
