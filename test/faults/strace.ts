// Faults that strace injects into the system calls of a process: errors, delays, and signals.
import { readFileSync } from 'node:fs'

/** System calls that change or flush the data file of a partition, or read it before LMDB maps it. */
const TRACED = 'pread64,pwrite64,writev,pwritev,ftruncate,fdatasync,lseek'

/** What strace does at some system calls on the files at `paths`. */
export interface Injection {
  /** Files whose system calls count; they need not exist yet. */
  paths: readonly string[]
  /**
   * As strace's option `inject`, such as `fdatasync:error=EIO:when=3`. A call is counted in its
   * thread. Undefined to record only.
   */
  inject?: string
  /** Bytes of each buffer that the log holds. */
  bytes?: number
  log: string
}

/** The command that runs `command` with an injection. */
export function traced(
  { paths, inject, bytes = 32, log }: Injection,
  command: readonly string[],
): string[] {
  const injected = inject === undefined ? [] : ['-e', `inject=${inject}`]
  return [
    ...['strace', '-f', '-qq', '-xx', '-s', String(bytes), '-o', log, '-e', `trace=${TRACED}`],
    // A new data file has another name until it is whole.
    ...paths.flatMap((path) => ['-P', path, '-P', `${path}.new`]),
    ...[...injected, ...command],
  ]
}

/** One system call of a log. */
export interface Call {
  name: string
  /** Its arguments and result as strace prints them. */
  text: string
  injected: boolean
  /** The process ended in it. */
  unfinished: boolean
}

/** Reads the calls of a log in order. */
export function readCalls(log: string): Call[] {
  const calls: Call[] = []
  for (const line of readFileSync(log, 'latin1').split('\n')) {
    const found = /^\d+ +(\w+)\((.*)$/.exec(line)
    if (found === null) continue
    const [, name, text] = found
    const unfinished = text.endsWith('= ?') || text.includes('<unfinished')
    calls.push({ name, text, injected: text.endsWith('(INJECTED)'), unfinished })
  }
  return calls
}

const META_BYTES = 2 * 4096
/** LMDB writes this part of a meta page at the end of a commit. */
const META_RECORD_BYTES = 128

/** True for the write of a meta page, which makes a commit the newest one. */
export function isMetaWrite({ name, text }: Call): boolean {
  // A call in which the process was killed may be unfinished.
  const [, bytes, at] = /, (\d+), (\d+)(?:\)| <unfinished)/.exec(text) ?? []
  return name === 'pwrite64' && Number(bytes) === META_RECORD_BYTES && Number(at) < META_BYTES
}

/** True for a write of pages, before they are flushed. */
export const isPageWrite = (call: Call): boolean =>
  ['pwrite64', 'writev', 'pwritev'].includes(call.name) && !isMetaWrite(call)

/** The ordinals, from 1 on among the calls of a name, of those that satisfy `is`. */
export const ordinalsOf = (
  calls: readonly Call[],
  name: string,
  is: (call: Call) => boolean,
): number[] =>
  calls
    .filter((call) => call.name === name)
    .map((call, at) => (is(call) ? at + 1 : 0))
    .filter((ordinal) => ordinal > 0)
