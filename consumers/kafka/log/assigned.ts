// The partitions that are this member's: taken with their state, and given back, as the group says.
import { performance } from 'node:perf_hooks'
import { setImmediate as breathe, setTimeout as sleep } from 'node:timers/promises'
import { messageOf, PulseError } from '../../../src/errors.ts'
import { createPosition, type SourcePosition } from '../../../state/partition-metadata.ts'
import { loadPartition, type Partition } from '../../../state/partition.ts'
import { setHeld, writePosition, type PartitionStore } from '../../../state/store.ts'
import { recreated, type GapPolicy } from './gaps.ts'
import type { Consumer } from '../../../src/kafka/client.ts'
import { createLogPartition, NO_ROW_READ } from './partition.ts'
import type { Gap, LogPartition } from './partition.ts'
import type { Warnings } from '../../ingest/warnings.ts'
import { offsetAt, sourceOf, type Start, type TopicView } from '../../../src/kafka/topic.ts'

export interface HoldingOptions {
  consumer: Consumer
  topic: string
  view: () => TopicView
  stores: readonly PartitionStore[]
  /** Partitions that are in memory already. */
  loaded: Map<number, Partition>
  /** Where to begin in a partition of which nothing was read. */
  from: Start
  onGap: GapPolicy
  warnings: Warnings
  /** Gaps that were passed over. */
  passed: { gaps: number }
  /** Called before a partition is given back. */
  commit: () => void
  /** What is read has changed. */
  onChange: (taken: LogPartition | null, givenBack: LogPartition | null) => void
  onFailure: (error: unknown) => void
}

export interface Holdings {
  logs: ReadonlyMap<number, LogPartition>
  /** What is assigned; null before the group has said. */
  assigned(): ReadonlySet<number> | null
  assign: (partitions: readonly number[]) => void
  /** Takes everything anew: the topic is another one. */
  startAnew: () => void
  /** False while what is read is not what is assigned. */
  isSettled(): boolean
  /** What loading took; null before the first. */
  restoreSeconds(): number | null
  /** Takes and gives back nothing more. */
  stop(): Promise<void>
}

const RETRY_MS = 500

/** Nothing held yet. */
export function createHoldings(options: HoldingOptions): Holdings {
  const { consumer, topic, stores, loaded, onGap, warnings, onChange } = options
  const logs = new Map<number, LogPartition>()
  let assigned: ReadonlySet<number> | null = null
  let settling: Promise<void> | null = null
  let stopped = false
  let restoreSeconds: number | null = null

  /** Makes what is read what is assigned, however often that changes meanwhile. */
  async function settle(): Promise<void> {
    for (;;) {
      const wanted = assigned ?? new Set()
      const superfluous = [...logs.values()].find(({ number }) => !wanted.has(number))
      const missing = [...wanted].find((number) => !logs.has(number))
      if (stopped) return
      dropOthers(wanted)
      if (superfluous !== undefined) giveBack(superfluous)
      else if (missing !== undefined) await takeOver(missing)
      else return
      // Loading blocks: heartbeats go out, and what is loaded is read, before the next one.
      await breathe()
    }
  }

  /** What an earlier run or the history left here is another member's to show now. */
  function dropOthers(wanted: ReadonlySet<number>): void {
    for (const store of stores) {
      if (wanted.has(store.partition) || logs.has(store.partition)) continue
      loaded.delete(store.partition)
      setHeld(store, false)
    }
  }

  function giveBack(log: LogPartition): void {
    options.commit()
    logs.delete(log.number)
    setHeld(stores[log.number], false)
    onChange(null, log)
  }

  async function takeOver(number: number): Promise<void> {
    const state = loaded.get(number) ?? load(number)
    let log: LogPartition
    try {
      log = await open(number, state)
    } catch (error) {
      if (error instanceof PulseError) throw error
      warnings.error('metadata', messageOf(error))
      await sleep(RETRY_MS)
      return
    }
    const { source, position, gap } = log
    const begun = !state.positions.has(source)
    state.positions.set(source, position)
    // Else who stops before the first row would begin at another end next time.
    if (begun && gap === null) writePosition(stores[number], source, position)
    loaded.delete(number)
    setHeld(stores[number], true)
    logs.set(number, log)
    onChange(log, null)
  }

  /** Asks the cluster where to begin, if that is not known. */
  async function open(number: number, state: Partition): Promise<LogPartition> {
    const source = sourceOf(options.view())
    const known = state.positions.get(source)
    const gap = known === undefined ? formerTopic(state, number, source) : null
    const position = known ?? (await begin(number, gap))
    if (sourceOf(options.view()) !== source) throw new Error(`${topic} was made again meanwhile`)
    const log = createLogPartition(number, state, source, position)
    if (gap !== null) sayGap(log, gap)
    return log
  }

  function load(number: number): Partition {
    const start = performance.now()
    const state = loadPartition(stores[number])
    restoreSeconds = (restoreSeconds ?? 0) + (performance.now() - start) / 1000
    loaded.set(number, state)
    return state
  }

  function formerTopic(state: Partition, number: number, source: string): Gap | null {
    for (const [id, { kind, name, next, first }] of state.positions) {
      // Of one that nothing was read of nothing is missing.
      if (kind === 'topic' && name === topic && id !== source && next > first) {
        return recreated(number, topic, next)
      }
    }
    return null
  }

  function sayGap(log: LogPartition, gap: Gap): void {
    if (onGap === 'stop') log.gap = gap
    const remedy =
      onGap === 'stop'
        ? 'to go on all the same: --on-gap earliest or latest'
        : `going on at ${log.position.next} as --on-gap ${onGap} says`
    if (onGap !== 'stop') options.passed.gaps++
    warnings.error('gap', `${gap.message}; ${remedy}`)
  }

  async function begin(number: number, gap: Gap | null): Promise<SourcePosition> {
    // At a gap that stops, the place is only shown: nothing is read or committed there.
    const from = gap === null ? options.from : onGap === 'stop' ? 'earliest' : onGap
    const [durationUnit, evidence] = ['ms' as const, NO_ROW_READ]
    const source = { name: topic, kind: 'topic' as const, rows: 0, order: 'offset' as const }
    const known = { ...source, durationUnit, evidence }
    return createPosition(known, await offsetAt(consumer, topic, number, from))
  }

  const assign = (partitions: readonly number[]): void => {
    assigned = new Set(partitions)
    settling ??= settle()
      .catch(options.onFailure)
      .finally(() => (settling = null))
  }

  return {
    logs,
    assign,
    assigned: () => assigned,
    isSettled: () => assigned !== null && settling === null,
    restoreSeconds: () => restoreSeconds,
    startAnew() {
      options.commit()
      for (const log of logs.values()) {
        loaded.set(log.number, log.state)
        onChange(null, log)
      }
      logs.clear()
      assign([...(assigned ?? [])])
    },
    async stop() {
      stopped = true
      await settling
    },
  }
}
