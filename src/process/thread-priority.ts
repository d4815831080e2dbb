// The priority of threads that compute snapshots.
import { readlinkSync } from 'node:fs'
import { setPriority } from 'node:os'

/** Lower than that of the ingest and main threads: such a thread uses the CPU time they leave. */
const NICENESS = 10

let isLowered = false

/** Lowers the priority of the calling thread, once; on Linux only, where each thread has its own. */
export function lowerPriority(): void {
  if (isLowered || process.platform !== 'linux') return
  isLowered = true
  // The path ends in the id of this thread.
  setPriority(Number(readlinkSync('/proc/thread-self').split('/').at(-1)), NICENESS)
}
