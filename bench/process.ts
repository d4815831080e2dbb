// Runs a command as a whole process and says what it cost: wall time, CPU time, peak memory.
import { spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'

/** The command line, out of the checkout. */
export const PRODUCT: string = join(import.meta.dirname, '../src/cli.ts')

/** What a process cost from its start to its end, children of its own included. */
export interface Cost {
  wallSeconds: number
  cpuSeconds: number
  /** Largest resident set, mapped files included. */
  peakBytes: number
  stdout: string
}

/** The high-water mark only grows: looking this often misses at most what grows at the very end. */
const LOOK_MS = 10

/** Runs a command to its end; throws when it fails. Times are those of bash's `time`. */
export async function runProcess(command: readonly string[]): Promise<Cost> {
  // What the command says on stderr goes another way than what `time` says there.
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
  }, LOOK_MS)
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
  clearInterval(timer)
  if (code !== 0) throw new Error(`${command.join(' ')} ended with code ${code}: ${stderr}`)
  const [wall, user, system] = times.trim().split(/\s+/).map(Number)
  return { wallSeconds: wall, cpuSeconds: user + system, peakBytes, stdout }
}

/** A process may end while it is looked at. */
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

/** A number of /proc/PID/status in bytes, 0 when the process has ended. */
export function statusBytes(pid: number | 'self', name: string): number {
  const line = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(readOr(`/proc/${pid}/status`, ''))
  return Number(line?.[1] ?? 0) * 1024
}

const peakOf = (pid: number): number => statusBytes(pid, 'VmHWM')

/** True when a command can be run and ends well. */
export const works = (command: string, args: readonly string[]): boolean =>
  spawnSync(command, args, { stdio: 'ignore' }).status === 0
