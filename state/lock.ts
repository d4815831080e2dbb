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
  const draft = `${path}.${own.pid}`
  writeFileSync(draft, JSON.stringify(own))
  try {
    for (let attempt = 0; !tryLink(draft, path); attempt++) {
      const owner = readOwner(path)
      if (owner !== null && (isAlive(owner) || attempt > 8)) throw locked(directory, path, owner)
      // Two that find the same dead owner: both unlink, one links first, the other comes round.
      rmSync(path, { force: true })
    }
  } finally {
    unlinkSync(draft)
  }
  return () => rmSync(path, { force: true })
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

function readOwner(path: string): Owner | null {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Owner
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
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

/** Start time of a process in ticks since boot (proc(5), field 22 of stat); '' elsewhere. */
function processStart(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
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
