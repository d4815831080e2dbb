// A consumer that is killed in the middle of a topic and started again.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Job, KafkaPeer } from './kafka-peer-table.ts'
import { runProcess } from './process.ts'

/** The share of the topic that is committed before the kill: commits are seconds apart. */
const MIDDLE = 0.4
/** When a process that has committed nothing is killed, as a share of its usual time. */
const LATE = 0.8
const POLL_MS = 20

/** What was found after a kill. */
export interface Restarted {
  /** The share of the topic whose offsets were committed when the process had been killed. */
  share: number
  /** From the start of the second process until its end. */
  wallSeconds: number
  /** How the sums differ from the log; null where they do not. */
  difference: string | null
}

/** Kills a consumer with SIGKILL, and runs its command again to its end. */
export async function killAndRestart(
  job: Job,
  { command }: KafkaPeer,
  usualSeconds: number,
): Promise<Omit<Restarted, 'difference'> & { stdout: string }> {
  const { broker, topic, group, ends } = job
  const all = ends.reduce((sum, end) => sum + end, 0)
  const share = async (): Promise<number> => (await broker.committedOf(topic, group)) / all
  const [program, ...args] = command(job)
  const child = spawn(program, args, { stdio: 'ignore' })
  const ended = once(child, 'exit')
  const late = Date.now() + 1000 * LATE * usualSeconds
  while (child.exitCode === null && Date.now() < late && (await share()) < MIDDLE) {
    await sleep(POLL_MS)
  }
  child.kill('SIGKILL')
  await ended
  const killedAt = Math.min(1, await share())
  const { wallSeconds, stdout } = await runProcess(command(job))
  return { share: killedAt, wallSeconds, stdout }
}
