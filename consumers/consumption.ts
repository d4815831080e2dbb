// The partitions of a topic that this member reads: taken, read, committed and given back.
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { messageOf, PulseError } from '../src/errors.ts'
import { createPosition, type SourcePosition } from '../state/ledger.ts'
import { loadPartition, type Partition } from '../state/partition.ts'
import { setHeld } from '../state/store.ts'
import type { StateStores } from '../state/writer.ts'
import type { DeadLetters } from './dead-letters.ts'
import { createFetchLoops, type FetchHost } from './fetch-loops.ts'
import { findRangeGap, moveTo, offsetBehind, recreated, truncated, type GapPolicy } from './gaps.ts'
import type { KafkaConnection } from './kafka-client.ts'
import type { FetchedPartition } from './kafka-fetch.ts'
import type { Group } from './kafka-group.ts'
import { createLogPartition, type Gap, type LogPartition } from './log-partition.ts'
import type { LogReader } from './log-reader.ts'
import type { MessageFormat } from './message-format.ts'
import type { Notices } from './notices.ts'
import { createRefusedWatch } from './refused-watch.ts'
import type { Tally } from './tally.ts'
import { describeTopic, offsetAt, sourceOf, type Start, type TopicView } from './topic.ts'

export interface ConsumptionOptions {
  connection: KafkaConnection
  clientId: string
  topic: string
  /** Where to begin in a partition of which nothing was read. */
  from: Start
  onGap: GapPolicy
  /** Share of refused rows at which reading pauses. */
  refusedLimit: number
}

/** What a consumption works with. */
export interface ConsumptionParts {
  stores: StateStores
  /** Partitions that are in memory already. */
  loaded: Map<number, Partition>
  group: Group
  reader: LogReader
  format: MessageFormat
  tally: Tally
  deadLetters: DeadLetters | null
  notices: Notices
  /** Ends everything. */
  onFailure: (error: unknown) => void
}

export interface Consumption {
  logs: ReadonlyMap<number, LogPartition>
  /** What is assigned, also what is not taken yet. */
  assigned(): ReadonlySet<number>
  assign(partitions: readonly number[]): void
  /** Why nothing is read at all, in words; null while all is well. */
  pausedBy(): string | null
  /** For how long nothing was read because of that. */
  pausedSeconds(): number
  /** What loading the partitions took; null before the first. */
  restoreSeconds(): number | null
  /** Gaps that were passed over because that was asked for. */
  passed: { gaps: number; records: number }
  /** Everything assigned was read to its end. */
  isCaughtUp(): boolean
  /** Asks the cluster anew about the topic. */
  refresh(): Promise<void>
  /** Reads no more and commits. */
  stop(): Promise<void>
}

/** Kafka's codes of a partition's answer that mean: the topic is led or named differently now. */
const STALE_METADATA = new Set([3, 5, 6, 74, 75, 100, 103])
const OFFSET_OUT_OF_RANGE = 1
const RETRY_MS = 500

/** Begins to read as soon as partitions are assigned. */
export function createConsumption(
  parts: ConsumptionParts,
  options: ConsumptionOptions,
  first: TopicView,
): Consumption {
  const { stores, loaded, group, reader, format, tally, deadLetters, notices, onFailure } = parts
  const { topic, onGap } = options
  const { consumer } = group
  const logs = new Map<number, LogPartition>()
  /** Logs about which something is being found out. */
  const asking = new Set<LogPartition>()
  const watch = createRefusedWatch(options.refusedLimit)
  const passed = { gaps: 0, records: 0 }
  let view = first
  let assigned: ReadonlySet<number> | null = null
  let settling: Promise<void> | null = null
  let refreshing: Promise<void> | null = null
  let stopped = false
  let restoreSeconds: number | null = null
  const pause = { since: NaN, seconds: 0 }

  const pausedBy = (): string | null => watch.alarm() ?? deadLetters?.alarm() ?? null

  /** Does what needs the cluster for a log that is not read meanwhile; tries again until it works. */
  async function find(log: LogPartition, work: () => Promise<void>): Promise<void> {
    if (asking.has(log)) return
    asking.add(log)
    try {
      await work()
    } catch (error) {
      notices.error('metadata', messageOf(error))
      await sleep(RETRY_MS)
    } finally {
      asking.delete(log)
    }
  }

  const host: FetchHost = {
    connection: options.connection,
    clientId: options.clientId,
    topic: () => view,
    logsOf: (node) => [...logs.values()].filter(({ number }) => view.leaders[number] === node),
    isReadable: (log) =>
      logs.get(log.number) === log &&
      log.gap === null &&
      log.waitingFor === null &&
      !asking.has(log) &&
      pausedBy() === null &&
      group.isMember(),
    take,
    tick: () => {
      watchPause()
      if (tally.isDue(statesOf(logs.values()))) commit()
    },
    onFailure,
    async onFetchError(message) {
      notices.error('fetch', message)
      await refresh()
    },
  }
  const loops = createFetchLoops(host)

  function watchPause(): void {
    const reason = pausedBy()
    const now = performance.now()
    if (pause.since === pause.since) pause.seconds += (now - pause.since) / 1000
    if (reason !== null && pause.since !== pause.since) notices.error('paused', reason)
    pause.since = reason === null ? NaN : now
  }

  function take(log: LogPartition, fetched: FetchedPartition): void {
    const { errorCode, divergingOffset } = fetched
    if (errorCode === OFFSET_OUT_OF_RANGE) {
      void find(log, async () => meet(log, await findRangeGap(consumer, topic, log)))
    } else if (STALE_METADATA.has(errorCode)) {
      void find(log, async () => {
        await refresh()
        await sleep(RETRY_MS)
      })
    } else if (errorCode !== 0) {
      void find(log, () => Promise.reject(new Error(`a fetch failed with error ${errorCode}`)))
    } else if (divergingOffset >= 0 && divergingOffset < log.position.position) {
      const gap = truncated(log.number, divergingOffset, log.position.position)
      void find(log, () => meet(log, gap))
    } else read(log, fetched)
  }

  function read(log: LogPartition, fetched: FetchedPartition): void {
    const { applied, refused } = log.position
    const gap = reader.take(log, fetched)
    if (gap !== null) void find(log, () => meet(log, gap))
    if (log.waitingFor !== null) void learn(log, log.waitingFor)
    watch.add(log.position.applied - applied, log.position.refused - refused)
  }

  async function learn(log: LogPartition, schema: number): Promise<void> {
    try {
      await format.learn(schema)
      log.waitingFor = null
    } catch (error) {
      // Closing ends the wait; anything else is ours.
      if (!stopped) onFailure(error)
    }
  }

  /** Stops at a gap, or passes it where that was asked for; both are said and counted. */
  async function meet(log: LogPartition, gap: Gap | null): Promise<void> {
    if (gap === null) return
    if (onGap === 'stop') {
      log.gap = gap
      notices.error('gap', `${gap.message}; to go on all the same: --on-gap earliest or latest`)
      return
    }
    const offset = await offsetBehind(consumer, topic, log, gap, onGap)
    notices.error('gap', `${gap.message}; going on at ${offset} as --on-gap ${onGap} says`)
    passed.gaps++
    passed.records += gap.to - gap.from
    moveTo(log, offset)
  }

  function commit(): void {
    const list = [...logs.values()]
    deadLetters?.beforeCommit(list)
    tally.commit(statesOf(list))
    const now = Date.now()
    const moved = list.filter(({ position, durableOffset }) => position.position !== durableOffset)
    for (const log of list) {
      for (const at of log.undurableMs) {
        tally.observations.visibleLatencySeconds.push(Math.max(0, now - at) / 1000)
      }
      log.undurableMs.length = 0
      log.durableOffset = log.position.position
    }
    deadLetters?.afterCommit()
    group.commit(
      moved.map(({ number, position }) => {
        const { position: offset, leaderEpoch } = position
        return { partition: number, offset, leaderEpoch }
      }),
    )
  }

  /** Makes what is read what is assigned, however often that changes meanwhile. */
  async function settle(): Promise<void> {
    for (;;) {
      const wanted = assigned ?? new Set()
      const superfluous = [...logs.keys()].find((number) => !wanted.has(number))
      const missing = [...wanted].find((number) => !logs.has(number))
      if (stopped || (superfluous === undefined && missing === undefined)) return
      if (superfluous !== undefined) giveBack(superfluous)
      else if (missing !== undefined) await takeOver(missing)
      loops.update()
    }
  }

  function giveBack(number: number): void {
    commit()
    const log = logs.get(number)
    if (log !== undefined) deadLetters?.forget(log)
    logs.delete(number)
    setHeld(stores.stores[number], false)
  }

  async function takeOver(number: number): Promise<void> {
    try {
      const start = performance.now()
      const state = loaded.get(number) ?? loadPartition(stores.stores[number])
      loaded.delete(number)
      restoreSeconds = (restoreSeconds ?? 0) + (performance.now() - start) / 1000
      const source = sourceOf(view)
      const known = state.positions.get(source)
      const gap = known === undefined ? formerTopic(state, number, source) : null
      const log = createLogPartition(number, state, source, known ?? (await begin(number, gap)))
      state.positions.set(source, log.position)
      state.outbox = deadLetters !== null
      if (gap !== null && onGap === 'stop') await meet(log, gap)
      deadLetters?.open(log)
      setHeld(stores.stores[number], true)
      logs.set(number, log)
    } catch (error) {
      if (error instanceof PulseError) throw error
      notices.error('metadata', messageOf(error))
      await sleep(RETRY_MS)
    }
  }

  function formerTopic(state: Partition, number: number, source: string): Gap | null {
    for (const [id, { order, name, position }] of state.positions) {
      if (order === 'log' && name === topic && id !== source) {
        return recreated(number, topic, position)
      }
    }
    return null
  }

  async function begin(number: number, gap: Gap | null): Promise<SourcePosition> {
    const from = gap === null ? options.from : onGap === 'stop' ? 'latest' : onGap
    const offset = await offsetAt(consumer, topic, number, from)
    if (gap !== null && onGap !== 'stop') {
      notices.error('gap', `${gap.message}; going on at ${offset} as --on-gap ${onGap} says`)
      passed.gaps++
    }
    const [durationUnit, evidence] = ['ms' as const, 'no row read yet']
    const position = { name: topic, rows: 0, order: 'log' as const, durationUnit, evidence }
    return createPosition(position, offset)
  }

  async function refresh(): Promise<void> {
    refreshing ??= look().finally(() => (refreshing = null))
    await refreshing
  }

  async function look(): Promise<void> {
    try {
      const now = await describeTopic(consumer, topic)
      if (now === null) {
        notices.error('metadata', `the topic "${topic}" does not exist any more`)
        return
      }
      if (now.partitions !== view.partitions) throw grown(topic, now.partitions, view.partitions)
      const other = now.id !== view.id
      view = now
      if (other) startAnew()
      loops.update()
    } catch (error) {
      if (error instanceof PulseError) onFailure(error)
      else notices.error('metadata', messageOf(error))
    }
  }

  /** The topic was made again: every log is another one now. */
  function startAnew(): void {
    commit()
    for (const [number, log] of logs) {
      loaded.set(number, log.state)
      deadLetters?.forget(log)
    }
    logs.clear()
    assign([...(assigned ?? [])])
  }

  function assign(partitions: readonly number[]): void {
    assigned = new Set(partitions)
    settling ??= settle()
      .catch(onFailure)
      .finally(() => (settling = null))
  }

  return {
    logs,
    passed,
    pausedBy,
    pausedSeconds: () => pause.seconds,
    restoreSeconds: () => restoreSeconds,
    assign,
    refresh,
    assigned: () => assigned ?? new Set(),
    isCaughtUp: () =>
      assigned !== null &&
      settling === null &&
      [...logs.values()].every(({ stableOffset, position, waitingFor, gap }) => {
        if (gap !== null || waitingFor !== null) return false
        return stableOffset >= 0 && position.position >= stableOffset
      }),
    async stop() {
      stopped = true
      await loops.stop()
      await settling
      commit()
    },
  }
}

function* statesOf(logs: Iterable<LogPartition>): Iterable<Partition> {
  for (const { state } of logs) yield state
}

const grown = (topic: string, now: number, before: number): PulseError =>
  new PulseError(
    'state-options',
    `the topic "${topic}" now has ${now} partitions, the state was made with ${before}, and keys ` +
      'have moved between them; read the topic into another --state directory',
  )
