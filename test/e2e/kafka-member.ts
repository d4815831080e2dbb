// Consumers as processes, with the progress that each reports from its start to its end.
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ConsumerProgress, IngestProgress } from '../../consumers/ingest/progress.ts'
import { until } from '../until.ts'
import { startPulse, type Running } from './command.ts'
import { durableRows } from './kafka-durable.ts'

const SPY = join(import.meta.dirname, 'kafka-spy.ts')

/** A report of the ingest thread and its time; `end` is the last one of a regular end. */
export interface Look extends IngestProgress {
  type: 'progress' | 'end'
  atMs: number
  consumer: ConsumerProgress
}

/** The options of a consumer. */
export interface MemberOptions {
  brokers: readonly string[]
  topic: string
  group: string
  state: string
  more?: readonly string[]
  env?: Readonly<Record<string, string>>
}

/** A running consumer. */
export interface Member {
  running: Running
  state: string
  startedMs: number
  /** All reports so far; asserts the order of their offsets. */
  looks: () => Look[]
  last: () => Look
  /**
   * Resolves with the first report, from the last one on, that satisfies `enough`; fails if the
   * process ends before.
   */
  when: (what: string, enough: (look: Look) => boolean) => Promise<Look>
  /** Sends a signal and waits until the process has ended. */
  end: (signal: 'SIGTERM' | 'SIGKILL') => Running['ended']
}

/** Commits often, snapshots rarely: tests of the life cycle need no more. */
const USUAL = ['--port', '0', '--commit-interval', '200ms', '--snapshot-interval', '2s', '--json']

let spies = 0

/** Starts `xdr-pulse run` with kafka-spy.ts preloaded. */
export function startMember({ brokers, topic, group, state, more, env }: MemberOptions): Member {
  const spy = `${state}.looks-${process.pid}-${spies++}`
  const where = ['--kafka', brokers.join(','), '--topic', topic, '--group', group, '--state', state]
  const startedMs = Date.now()
  const running = startPulse(['run', ...where, ...USUAL, ...(more ?? [])], {
    env: { NODE_OPTIONS: `--import=${SPY}`, KAFKA_SPY: spy, ...env },
  })
  let ended = false
  running.ended.then(
    () => (ended = true),
    () => (ended = true),
  )
  const looks = (): Look[] => {
    const found = existsSync(spy) ? parseLooks(readFileSync(spy, 'utf8')) : []
    checkLooks(found)
    return found
  }
  const last = (): Look => {
    const look = looks().at(-1)
    assert.ok(look !== undefined, 'the consumer has reported')
    return look
  }
  const when = async (what: string, enough: (look: Look) => boolean): Promise<Look> => {
    const from = Math.max(0, looks().length - 1)
    const look = async (): Promise<Look | undefined> => {
      const over = ended
      const found = looks().slice(from).find(enough)
      if (found === undefined && over) {
        assert.fail(`ended before ${what}: ${JSON.stringify(await running.ended)}`)
      }
      return found
    }
    return (await until(what, look)) as Look
  }
  const end: Member['end'] = (signal) => {
    running.process.kill(signal)
    return running.ended
  }
  return { running, state, startedMs, looks, last, when, end }
}

/**
 * Parses the complete lines: the last one may be half written, or stay so after a kill. Skips
 * reports without a consumer, from before the topic is read.
 */
function parseLooks(text: string): Look[] {
  const lines = text.slice(0, text.lastIndexOf('\n') + 1).split('\n')
  const looks = lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Look)
  return looks.filter(({ consumer }) => (consumer as unknown) !== null)
}

/** Asserts in each report committed <= durable <= applied <= end, and that no offset decreases. */
export function checkLooks(looks: readonly Look[]): void {
  let before = new Map<number, { applied: number; durable: number }>()
  for (const { consumer, counters } of looks) {
    const now = new Map<number, { applied: number; durable: number }>()
    for (const reported of consumer.partitions) {
      const { partition, committedOffset, durableOffset, appliedOffset, endOffset } = reported
      const text = JSON.stringify(reported)
      assert.ok((committedOffset ?? 0) <= durableOffset, `committed <= durable: ${text}`)
      assert.ok(durableOffset <= appliedOffset, `durable <= applied: ${text}`)
      assert.ok(appliedOffset <= (endOffset ?? Infinity), `applied <= end: ${text}`)
      const past = before.get(partition)
      assert.ok(appliedOffset >= (past?.applied ?? 0), `applied decreases: ${text}`)
      assert.ok(durableOffset >= (past?.durable ?? 0), `durable decreases: ${text}`)
      now.set(partition, { applied: appliedOffset, durable: durableOffset })
    }
    before = now
    const rejected = Object.values(counters.rejected).reduce((sum, count) => sum + count, 0)
    assert.equal(
      counters.rows,
      counters.applied + counters.duplicate + rejected,
      'rows are applied, duplicate or rejected',
    )
  }
}

/** Runs `work`, which starts consumers, and kills all of them afterwards. */
export async function withMembers(
  work: (start: (options: MemberOptions) => Member) => Promise<void>,
): Promise<void> {
  const members: Member[] = []
  try {
    await work((options) => {
      const member = startMember(options)
      members.push(member)
      return member
    })
  } finally {
    for (const { running } of members) running.process.kill('SIGKILL')
    await Promise.allSettled(members.map(({ running }) => running.ended))
  }
}

/** The applied offset of a partition in a report, -1 if it is not held. */
export const appliedOf = ({ consumer }: Look, partition: number): number =>
  consumer.partitions.find((reported) => reported.partition === partition)?.appliedOffset ?? -1

/** The partitions that are read in a report. */
export const heldAt = ({ consumer }: Look): number[] =>
  consumer.partitions.map(({ partition }) => partition)

/** The partitions of a member that reads all it is assigned; none during a rebalance. */
export const shareOf = (look: Look): number[] =>
  heldAt(look).length === look.consumer.assigned.length ? heldAt(look) : []

/** True when all assigned partitions are read to the end, durable and committed to Kafka. */
export const isRead = ({ consumer }: Look): boolean =>
  consumer.caughtUp &&
  consumer.member &&
  consumer.partitions.every(
    ({ durableOffset, appliedOffset, committedOffset }) =>
      durableOffset === appliedOffset && committedOffset === durableOffset,
  )

const rowsOf = async (state: string): Promise<number[]> => [...(await durableRows(state)).values()]
const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0)

/** Waits until members together have read `rows` rows of the topic, each of them once. */
export async function allRead(members: readonly Member[], rows: number): Promise<void> {
  await until(
    `${rows} rows read`,
    async () => {
      const looks = members.map((member) => member.looks().at(-1))
      const unread = looks.filter((look) => look === undefined || !isRead(look))
      if (unread.length > 0) return unread.map((look) => look?.consumer ?? 'no report')
      return sum(await Promise.all(members.map(async ({ state }) => sum(await rowsOf(state)))))
    },
    (read) => read === rows,
  )
}
