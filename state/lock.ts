// One writer at a time: a lock file that says who has the state directory.
import { linkSync, readFileSync, rmSync, unlinkSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { PulseError } from '../src/errors.ts'

interface Owner {
  pid: number
  host: string
  /** When the process began, by its kernel: a number used again later is another process. */
  processStart: string
  command: string
}

/**
 * Takes the directory for this process, or throws PulseError `state-locked` naming who has it. A
 * lock whose process has ended, however it ended, is taken over.
 *
 * @returns how to give it back
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
  // A process of this number that was killed may have left it, linked to its lock.
  rmSync(draft, { force: true })
  writeFileSync(draft, text)
  try {
    take(directory, draft, path)
  } finally {
    unlinkSync(draft)
  }
  return () => {
    // The directory may have been deleted meanwhile, and made anew by another.
    if (readText(path) === text) rmSync(path, { force: true })
  }
}

/** Links the draft as `path`, once its owner is found dead and its lock removed. */
function take(directory: string, draft: string, path: string): void {
  while (!tryLink(draft, path)) {
    const text = readText(path)
    if (text === null) continue
    const owner = parseOwner(text)
    if (owner !== null && isAlive(owner)) throw locked(directory, path, owner)
    // Of two that find it dead the slower would remove the lock of the quicker: one at a time may.
    const claim = `${path}.after-${owner === null ? 'none' : `${owner.pid}-${owner.processStart}`}`
    take(directory, draft, claim)
    try {
      if (readText(path) === text) rmSync(path, { force: true })
    } finally {
      rmSync(claim, { force: true })
    }
  }
}

/** A hard link is made whole or not at all, on every file system. */
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

/** Null for a lock that a power cut left empty or torn: nobody who lives wrote it. */
function parseOwner(text: string): Owner | null {
  try {
    return JSON.parse(text) as Owner
  } catch {
    return null
  }
}

function isAlive(owner: Owner): boolean {
  // Of another machine nothing can be known: believe the file.
  if (owner.host !== hostname()) return true
  try {
    process.kill(owner.pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
  return processStart(owner.pid) === owner.processStart
}

/**
 * Start time of a process in ticks since boot (proc(5), field 22 of stat); '' elsewhere, and for one
 * that has ended and only waits for its parent to notice.
 */
function processStart(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' ? '' : fields[19]
  } catch (error) {
    // ESRCH: it ended between opening the file and reading it.
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return ''
    throw error
  }
}

function locked(directory: string, path: string, owner: Owner): PulseError {
  const away = owner.host === hostname() ? '' : ` on ${owner.host}`
  const remedy =
    owner.host === hostname()
      ? 'wait for it or end it'
      : `if that machine no longer uses it, delete ${path}`
  return new PulseError(
    'state-locked',
    `the state directory ${directory} is being written by process ${owner.pid}${away} ` +
      `(${owner.command}); one writer at a time: ${remedy}`,
  )
}
