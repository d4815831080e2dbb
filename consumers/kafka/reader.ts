// Reads the partitions that are this member's: what is fetched is applied, what is applied committed.
import { performance } from 'node:perf_hooks'
import type { Partition } from '../../state/partition.ts'
import type { PartitionStore } from '../../state/store.ts'
import type { DeadLetters } from './dead-letters.ts'
import { createFetchLoops } from './log/fetch-loops.ts'
import type { GapPolicy } from './log/gaps.ts'
import { createHoldings } from './log/assigned.ts'
import type { KafkaConnection } from '../../src/kafka/client.ts'
import type { FetchedPartition } from '../../src/kafka/fetch.ts'
import type { Group } from './group/membership.ts'
import { lagRecords, type LogPartition } from './log/partition.ts'
import { readFetched, type LogReader } from './log/reader.ts'
import type { MessageFormat } from './log/message-format.ts'
import type { Warnings } from '../ingest/warnings.ts'
import { createObstacles } from './log/recovery.ts'
import { createRejectedLimit } from './rejected-limit.ts'
import type { IngestStats } from '../ingest/ingest-stats.ts'
import type { Start, TopicView } from '../../src/kafka/topic.ts'
import { commitLogs, statesOf } from './commit.ts'
import { watchTopic } from './topic-watch.ts'

export interface ConsumptionOptions {
  connection: KafkaConnection
  clientId: string
  topic: string
  /** Where to begin in a partition of which nothing was read. */
  from: Start
  onGap: GapPolicy
  /** Share of rejected rows at which reading pauses. */
  rejectedLimit: number
}

/** What a consumption works with. */
export interface ConsumptionParts {
  stores: readonly PartitionStore[]
  /** Partitions that are in memory already. */
  loaded: Map<number, Partition>
  group: Group
  reader: LogReader
  format: MessageFormat
  stats: IngestStats
  deadLetters: DeadLetters | null
  warnings: Warnings
  /** Ends everything. */
  onFailure: (error: unknown) => void
}

export interface Consumption {
  logs: ReadonlyMap<number, LogPartition>
  /** What is assigned, also what is not taken yet. */
  assigned(): ReadonlySet<number>
  assign: (partitions: readonly number[]) => void
  /** Why nothing is read at all, in words; null while all is well. */
  pausedBy: () => string | null
  /** For how long nothing was read because of that. */
  pausedSeconds(): number
  /** What loading the partitions took; null before the first. */
  restoreSeconds(): number | null
  /** Gaps that were passed over because that was asked for. */
  passed: { gaps: number; records: number }
  /** What is read is what is assigned. */
  isSettled(): boolean
  /** Everything assigned was read to its end. */
  isCaughtUp(): boolean
  /** Reads no more, sends the dead letters that are left, and commits. */
  stop(): Promise<void>
  /** Touches the state no more: it cannot be trusted. */
  abandon(): void
}

/** So often the topic is looked at when nothing asks for it: for new partitions or another topic. */
const LOOK_MS = 10_000
/** A dead-letter topic that is not there holds up the end for so long. */
const CLOSE_MS = 3000

/** Begins to read as soon as partitions are assigned. */
export function createConsumption(
  parts: ConsumptionParts,
  options: ConsumptionOptions,
  first: TopicView,
): Consumption {
  const { stores, loaded, group, reader, format, stats, deadLetters, warnings, onFailure } = parts
  const { topic, onGap, from } = options
  const { consumer } = group
  const rejected = createRejectedLimit(options.rejectedLimit)
  const pausedBy = (): string | null => rejected.alarm() ?? deadLetters?.alarm() ?? null
  const pause = watchPause(pausedBy, warnings)
  const watch = watchTopic(consumer, topic, first, warnings, {
    onLook: () => loops.update(),
    onRecreated: () => holdings.startAnew(),
    onFailure,
  })
  const view = (): TopicView => watch.view()
  const { refresh } = watch
  let abandoned = false
  const obstacles = createObstacles({ ...parts, consumer, topic, onGap, format, refresh })
  const commit = (): void => commitLogs([...holdings.logs.values()], parts)
  const common = { consumer, topic, view, stores, loaded, from, onGap, warnings, commit, onFailure }
  const holdings = createHoldings({
    ...common,
    passed: obstacles.passed,
    onChange(taken, givenBack) {
      if (taken !== null) {
        taken.state.outbox = deadLetters !== null
        deadLetters?.open(taken)
      }
      if (givenBack !== null) deadLetters?.forget(givenBack)
      loops.update()
    },
  })
  const { logs } = holdings
  const loops = createFetchLoops({
    connection: options.connection,
    clientId: options.clientId,
    topic: view,
    logsOf: (node) => [...logs.values()].filter(({ number }) => view().leaders[number] === node),
    isReadable: (log) =>
      !abandoned &&
      logs.get(log.number) === log &&
      log.gap === null &&
      log.waitingFor === null &&
      !obstacles.holds(log) &&
      pausedBy() === null &&
      group.isMember(),
    take(log, fetched) {
      if (!obstacles.meetAnswer(log, fetched)) read(log, fetched)
    },
    tick() {
      pause.look()
      if (!abandoned && stats.isDue(statesOf(logs.values()))) commit()
    },
    async onFetchError(message) {
      warnings.error('fetch', message)
      await refresh()
    },
    onFailure,
  })
  const looking = setInterval(() => void refresh(), LOOK_MS)

  function read(log: LogPartition, fetched: FetchedPartition): void {
    const { applied, rejected: before } = log.position
    const gap = readFetched(reader, log, fetched)
    if (gap !== null) obstacles.meetGap(log, gap)
    if (log.waitingFor !== null) obstacles.learn(log, log.waitingFor)
    rejected.add(log.position.applied - applied, log.position.rejected - before)
  }

  return {
    logs,
    pausedBy,
    assign: holdings.assign,
    assigned: () => holdings.assigned() ?? new Set(),
    passed: obstacles.passed,
    pausedSeconds: () => pause.seconds,
    restoreSeconds: () => holdings.restoreSeconds(),
    isSettled: () => holdings.isSettled(),
    isCaughtUp: () => holdings.isSettled() && [...logs.values()].every(isRead),
    async stop() {
      clearInterval(looking)
      obstacles.close()
      await loops.stop()
      await holdings.stop()
      commit()
      await deadLetters?.close(CLOSE_MS)
      // What was delivered last leaves the outbox.
      commit()
    },
    abandon() {
      abandoned = true
      clearInterval(looking)
      obstacles.close()
      void loops.stop()
      void holdings.stop()
    },
  }
}

const isRead = (log: LogPartition): boolean =>
  log.gap === null && log.waitingFor === null && lagRecords(log) === 0

interface Pause {
  seconds: number
  /** Adds up the time that nothing is read; says why, once. */
  look(): void
}

function watchPause(pausedBy: () => string | null, warnings: Warnings): Pause {
  let since: number | null = null
  const pause: Pause = {
    seconds: 0,
    look() {
      const reason = pausedBy()
      const now = performance.now()
      if (since !== null) pause.seconds += (now - since) / 1000
      if (reason !== null && since === null) warnings.error('paused', reason)
      since = reason === null ? null : now
    },
  }
  return pause
}
