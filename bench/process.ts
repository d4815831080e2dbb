// Runs a command as a process and measures its cost: wall time, CPU time, peak memory.
import { spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'

/** The command line of this checkout. */
export const PRODUCT: string = join(import.meta.dirname, '../src/start.js')

/** The cost of a process from start to end, including its children. */
export interface Cost {
  wallSeconds: number
  cpuSeconds: number
  /** Largest resident set, including mapped files. */
  peakBytes: number
  stdout: string
}

/** The high-water mark only grows: polling misses at most the growth of the last interval. */
const POLL_MS = 10

/**
 * Runs a command to its end. Times are those of bash's `time`.
 *
 * @throws Error when the command fails
 */
export async function runProcess(command: readonly string[]): Promise<Cost> {
  // Separates the command's stderr from the output of `time`.
  const script = 'TIMEFORMAT="%R %U %S"; time "$@" 2>&3'
  const child = spawn('bash', ['-c', script, 'bash', ...command], {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  })
  let [stdout, times, stderr, peakBytes] = ['', '', '', 0]
  const [, out, time, error] = child.stdio as unknown as Readable[]
  out.on('data', (bytes: Buffer) => (stdout += bytes.toString()))
  time.on('data', (bytes: Buffer) => (times += bytes.toString()))
  error.on('data', (bytes: Buffer) => (stderr += bytes.toString()))
  const timer = setInterval(() => {
    peakBytes = Math.max(peakBytes, ...childrenOf(child.pid).map(peakOf))
  }, POLL_MS)
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
  clearInterval(timer)
  if (code !== 0) throw new Error(`${command.join(' ')} ended with code ${code}: ${stderr}`)
  const [wall, user, system] = times.trim().split(/\s+/).map(Number)
  return { wallSeconds: wall, cpuSeconds: user + system, peakBytes, stdout }
}

/** The text of a file, or `otherwise`: a process may end at any time. */
function readOr(path: string, otherwise: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return otherwise
  }
}

function childrenOf(pid: number | undefined): number[] {
  const text = readOr(`/proc/${pid}/task/${pid}/children`, '').trim()
  return text === '' ? [] : text.split(' ').map(Number)
}

/** A size from /proc/PID/status in bytes; 0 when the process has ended. */
export function statusBytes(pid: number | 'self', name: string): number {
  const line = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(readOr(`/proc/${pid}/status`, ''))
  return Number(line?.[1] ?? 0) * 1024
}

const peakOf = (pid: number): number => statusBytes(pid, 'VmHWM')

/** True when a command exists and succeeds. */
export const works = (command: string, args: readonly string[]): boolean =>
  spawnSync(command, args, { stdio: 'ignore' }).status === 0
