// The heartbeat of a lock: its modification time is renewed while its owner runs.
//
// Only processes of another system watch it (another container or machine); they cannot see whether
// the owner runs. A thread of its own renews it, because a commit or a load keeps a thread busy for
// seconds. It is judged by changes and by the clock of the volume, never by the watcher's clock.
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs'
import { performance } from 'node:perf_hooks'
import { Worker } from 'node:worker_threads'

/** How often an owner renews its lock. */
export const BEAT_MS = 1000
/** An owner whose lock was not renewed for this time has ended. */
export const SILENCE_MS = 10_000
const POLL_MS = 50

/** The thread imports nothing of this project: it starts in some 20 ms and takes about 5 MB. */
const SCRIPT = `
  const { futimesSync } = require('node:fs')
  const { workerData } = require('node:worker_threads')
  setInterval(() => {
    const now = new Date()
    // An error is a volume that fails: the next commit reports it.
    try { futimesSync(workerData.descriptor, now, now) } catch {}
  }, workerData.beatMs)
`

/**
 * Begins to renew the modification time of an open file. The thread does not keep the process alive.
 *
 * @returns ends it, and closes the file
 */
export function startHeartbeat(descriptor: number): () => void {
  const workerData = { descriptor, beatMs: BEAT_MS }
  const resourceLimits = { maxOldGenerationSizeMb: 8, maxYoungGenerationSizeMb: 2 }
  // Options of the command line, such as a preloaded module, are not for this thread.
  const worker = new Worker(SCRIPT, { eval: true, workerData, resourceLimits, execArgv: [] })
  worker.unref()
  // Closed last: a later file may have the same descriptor.
  return () => void worker.terminate().then(() => closeSync(descriptor))
}

/** A file as it was found: what it holds, and when it was last renewed. */
interface Beat {
  text: string
  renewedMs: number
}

/**
 * Waits until the file is renewed or replaced, or until it was not renewed for SILENCE_MS; blocks
 * the thread.
 *
 * @param draft a file of the same volume that was just written: it has the time of the volume
 * @returns true when the owner has ended, false when it runs or the file is another one
 */
export function isSilent(path: string, text: string, draft: string): boolean {
  const first = beatOf(path)
  if (first?.text !== text) return false
  const silentMs = (beatOf(draft)?.renewedMs ?? 0) - first.renewedMs
  const start = performance.now()
  while (Math.max(0, silentMs) + performance.now() - start < SILENCE_MS) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, POLL_MS)
    const next = beatOf(path)
    if (next?.text !== text || next.renewedMs !== first.renewedMs) return false
  }
  return true
}

/** Null for a file that does not exist. Opened anew: a network volume then asks its server. */
function beatOf(path: string): Beat | null {
  let descriptor: number
  try {
    descriptor = openSync(path, 'r')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
  try {
    return {
      renewedMs: fstatSync(descriptor).mtimeMs,
      text: readFileSync(descriptor, 'utf8'),
    }
  } finally {
    closeSync(descriptor)
  }
}
