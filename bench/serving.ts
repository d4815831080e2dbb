// A running `run` or `replay --to kafka`: where it serves, what is durable, and its end.
import { spawn, type ChildProcess } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { openStateToRead } from '../state/read.ts'
import { readPositions } from '../state/partition.ts'
import { beginRead, type PartitionStore } from '../state/store.ts'
import { PRODUCT } from './process.ts'

const ASK_MS = 5
/** A start takes a second; a machine full of other work takes its time. */
const PATIENCE_MS = 120_000

export interface Running {
  child: ChildProcess
  /** What it has said on stderr. */
  said: () => string
  /** Ends it and waits until it is gone. */
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
    said: () => stderr,
    async end(signal) {
      child.kill(signal)
      await closed
    },
  }
}

/** Asks until there is an answer, as often as it takes; fails when the process ends before. */
export async function until<T>(
  what: string,
  { child, said }: Running,
  ask: () => Promise<T | null> | T | null,
): Promise<T> {
  for (const bound = Date.now() + PATIENCE_MS; Date.now() < bound;) {
    const answer = await ask()
    if (answer !== null) return answer
    if (child.exitCode !== null) throw new Error(`it ended before ${what}: ${said()}`)
    await sleep(ASK_MS)
  }
  throw new Error(`no sign of ${what}: ${said()}`)
}

/** Where it serves. */
export const urlOf = (running: Running): Promise<string> =>
  until('its server', running, () => /http:\/\/[^\s"]+/.exec(running.said())?.[0] ?? null)

/** A state that another process writes, looked at again and again. */
export interface Durable {
  /** By partition: the end of what is durable; 0 for nothing. */
  ends: () => number[]
  close: () => Promise<void>
}

/** Opens it; null while there is no commit in it. */
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

export const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0)
