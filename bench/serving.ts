// A running command: its address, its durable positions, and its end.
import { spawn, type ChildProcess } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { openStateToRead } from '../state/read.ts'
import { readPositions } from '../state/partition.ts'
import { beginRead, type PartitionStore } from '../state/store.ts'
import { PRODUCT } from './process.ts'

const POLL_MS = 5
/** A start takes a second; under other load it takes longer. */
const PATIENCE_MS = 120_000

/** A running command line. */
export interface Running {
  child: ChildProcess
  /** Its output on stderr so far. */
  stderr: () => string
  /** Sends a signal and waits until it has ended. */
  end: (signal: NodeJS.Signals) => Promise<void>
}

/** Starts the command line. */
export function start(args: readonly string[]): Running {
  const child = spawn(process.execPath, [PRODUCT, ...args], { stdio: ['ignore', 'ignore', 'pipe'] })
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const closed = new Promise((resolve) => child.on('close', resolve))
  return {
    child,
    stderr: () => stderr,
    async end(signal) {
      child.kill(signal)
      await closed
    },
  }
}

/**
 * Polls until there is an answer.
 *
 * @throws Error when the process ends before, or after PATIENCE_MS
 */
export async function until<T>(
  what: string,
  { child, stderr }: Running,
  ask: () => Promise<T | null> | T | null,
): Promise<T> {
  for (const bound = Date.now() + PATIENCE_MS; Date.now() < bound;) {
    const answer = await ask()
    if (answer !== null) return answer
    if (child.exitCode !== null) throw new Error(`the process ended before ${what}: ${stderr()}`)
    await sleep(POLL_MS)
  }
  throw new Error(`no sign of ${what}: ${stderr()}`)
}

/** Waits for the address at which it serves. */
export const urlOf = (running: Running): Promise<string> =>
  until('its server', running, () => /http:\/\/[^\s"]+/.exec(running.stderr())?.[0] ?? null)

/** The state that another process writes. */
export interface Durable {
  /** Durable positions by partition, summed over sources; 0 for none. */
  ends: () => number[]
  close: () => Promise<void>
}

/** Opens a state for reading; null before its first commit. */
export function watchState(directory: string): Durable | null {
  try {
    const state = openStateToRead(directory)
    const endOf = (store: PartitionStore): number => {
      const { transaction, finish } = beginRead(store)
      try {
        const ends = [...readPositions(store, transaction).values()]
        return ends.reduce((sum, { next }) => sum + next, 0)
      } finally {
        finish()
      }
    }
    return { ends: () => state.stores.map(endOf), close: () => state.close() }
  } catch (error) {
    const { code = '' } = error as { code?: string }
    if (['state-missing', 'state-corrupt'].includes(code)) return null
    throw error
  }
}

/** The sum of some numbers. */
export const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0)
