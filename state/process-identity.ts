// Which process holds a lock, and whether it still runs, as far as that can be seen from here.
import { createHash } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'

/** The process that holds a lock, as the lock file states it. */
export interface Owner {
  pid: number
  host: string
  /** Start time by the kernel: a later process with the same pid has another one. */
  processStart: string
  /**
   * Boot id and PID namespace, or the host name where there is no /proc: a pid and a start time
   * identify a process within one system only. Former versions did not write it.
   */
  system?: string
  command: string
}

/** Whether a lock file states an owner. */
export function isOwner(found: unknown): found is Owner {
  if (typeof found !== 'object' || found === null) return false
  const { pid, host, processStart, system = '', command } = found as Record<string, unknown>
  const texts = [host, processStart, system, command]
  const isPid = Number.isSafeInteger(pid) && (pid as number) > 0
  return (
    isPid && texts.every((text) => typeof text === 'string') && /^\d*$/.test(String(processStart))
  )
}

/** This process as the owner of a lock. */
export const ownIdentity = (command: string): Owner => ({
  pid: process.pid,
  host: hostname(),
  processStart: processStart(process.pid),
  system: ownSystem(),
  command,
})

/** `beating`: of another system, so that only its heartbeat shows whether it runs. */
export type OwnerState = 'running' | 'ended' | 'beating'

/** What can be seen of a process from here. */
export function stateOf(owner: Owner): OwnerState {
  const { system = owner.host } = owner
  const [here, former] = [ownSystem(), owner.system === undefined]
  // A former version has no heartbeat: a process of another host is believed to run.
  if (former && owner.host !== hostname()) return 'running'
  if (!former && system !== here) return 'beating'
  return isRunning(owner) ? 'running' : 'ended'
}

/** True for an owner whose process other processes of this system can see. */
export const isHere = (owner: Owner): boolean => (owner.system ?? owner.host) === ownSystem()

/** A name for this process that no process of another system has. */
export const ownName = (): string =>
  `${process.pid}-${createHash('sha256').update(ownSystem()).digest('hex').slice(0, 8)}`

function ownSystem(): string {
  try {
    const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    return `${bootId} ${readlinkSync('/proc/self/ns/pid')}`
  } catch {
    return hostname()
  }
}

function isRunning(owner: Owner): boolean {
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
