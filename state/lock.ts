// One writer at a time: a lock file names the process that writes the state directory.
import { linkSync, readFileSync, rmSync, unlinkSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { PulseError } from '../src/errors.ts'

interface Owner {
  pid: number
  host: string
  /** Start time by the kernel: a later process with the same pid has another one. */
  processStart: string
  command: string
}

/**
 * Locks the directory for this process. A lock whose process has ended, in whatever way, is taken
 * over.
 *
 * @param command shown to other processes that find the lock
 * @returns releases the lock
 * @throws PulseError `state-locked` that names the owner
 */
export function lockState(directory: string, command: string): () => void {
  const path = join(directory, 'writer.lock')
  const own: Owner = {
    pid: process.pid,
    host: hostname(),
    processStart: processStart(process.pid),
    command,
  }
  const text = JSON.stringify(own)
  const draft = `${path}.${own.pid}`
  // A killed process with the same pid may have left its draft.
  rmSync(draft, { force: true })
  writeFileSync(draft, text)
  try {
    acquire(directory, draft, path)
  } finally {
    unlinkSync(draft)
  }
  return () => {
    // The directory may have been deleted and created again by another process.
    if (readText(path) === text) rmSync(path, { force: true })
  }
}

/** Links the draft as `path`; removes the lock of an owner that has ended. */
function acquire(directory: string, draft: string, path: string): void {
  while (!tryLink(draft, path)) {
    const text = readText(path)
    if (text === null) continue
    const owner = parseOwner(text)
    if (owner !== null && isAlive(owner)) throw locked(directory, path, owner)
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
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

/** Null for a lock that a power failure left empty or torn: its process has ended. */
function parseOwner(text: string): Owner | null {
  try {
    return JSON.parse(text) as Owner
  } catch {
    return null
  }
}

function isAlive(owner: Owner): boolean {
  // Processes of another host are not visible from here.
  if (owner.host !== hostname()) return true
  try {
    process.kill(owner.pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
  return processStart(owner.pid) === owner.processStart
}

/**
 * Start time of a process in ticks since boot (proc(5), field 22 of stat); '' where there is no
 * /proc, for a process that has ended, and for a zombie.
 */
function processStart(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' ? '' : fields[19]
  } catch (error) {
    // ESRCH: the process ended between opening the file and reading it.
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return ''
    throw error
  }
}

function locked(directory: string, path: string, owner: Owner): PulseError {
  const away = owner.host === hostname() ? '' : ` on ${owner.host}`
  const remedy =
    owner.host === hostname()
      ? 'wait for it or end it'
      : `if that host no longer uses the directory, delete ${path}`
  return new PulseError(
    'state-locked',
    `the state directory ${directory} is being written by process ${owner.pid}${away} ` +
      `(${owner.command}), expected no other writer; ${remedy}`,
  )
}
