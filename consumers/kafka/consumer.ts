// The phases of a topic consumer: wait for the topic, open the state, history, live, close.
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { messageOf } from '../../src/errors.ts'
import type { TopicView } from '../../src/kafka/topic.ts'
import { loadPartition, type Partition } from '../../state/partition.ts'
import { readCutover, type PartitionStore } from '../../state/store.ts'
import { openStores } from '../../state/writer.ts'
import { describeIngest, storesOf } from '../ingest/describe.ts'
import { requireNoFiles } from '../ingest/double-rows.ts'
import type { IngestProgress } from '../ingest/progress.ts'
import { createWarnings, type Warnings } from '../ingest/warnings.ts'
import { claimsOf, findLogStarts, type LogStarts } from './group/claims.ts'
import { createGroup, joinGroup, leaveGroup, type Group } from './group/membership.ts'
import type { GroupOptions } from './group/membership.ts'
import { settleOffsets } from './group/offsets.ts'
import type { HistoryOptions, HistoryRun } from './history.ts'
import { findPartitioner } from './history-keys.ts'
import { openReader, type PartitionReaderOptions } from './live.ts'
import { describeConsumer, describeStart } from './progress.ts'
import { isCaughtUp, readAssigned, type PartitionReader } from './reader.ts'
import { positionsOf, reconcileSources } from './reconciliation.ts'
import { waitForTopic } from './wait-for-topic.ts'

/** Options of a topic consumer; all of them can be sent to a thread. */
export interface TopicConsumerOptions
  extends PartitionReaderOptions, HistoryOptions, Omit<GroupOptions, 'topic'> {
  stateDirectory: string
}

/** A running consumer. */
export interface TopicConsumer {
  progress(): IngestProgress
  /** Ends the consumer after the pending rows. */
  stop(): void
}

/** Steps of closing that depend on others (brokers, a failed store) get this long each. */
const CLOSE_MS = 3000

/**
 * Consumes a topic until a stop, or until it is caught up; on return all that was applied is
 * durable.
 *
 * @param onReady receives the consumer at once
 * @throws PulseError `kafka` when the cluster or the topic cannot be used, or a gap keeps
 *   `untilCaughtUp` from its end; what the state and the files throw
 */
export async function runTopicConsumer(
  options: TopicConsumerOptions,
  onReady: (consumer: TopicConsumer) => void,
): Promise<IngestProgress> {
  const run = createRun(options)
  const { group, stop } = run
  onReady({ progress: () => report(run), stop: () => stop.abort() })
  try {
    const { connection, topic } = options
    const view = await waitForTopic(group.consumer, connection, topic, stop.signal)
    return view === null ? describeRun(run) : await runInState(run, view)
  } finally {
    await closeGroup(group, options.untilCaughtUp || !group.joined)
  }
}

/** A run of a consumer. */
interface Run {
  options: TopicConsumerOptions
  group: Group
  warnings: Warnings
  stop: AbortController
  /** All partitions of the state; none before it is open. */
  stores: readonly PartitionStore[]
  phase: Phase
  /** By partition: first offset of the log, as it was last seen. */
  logStarts: LogStarts
  /** What the history counted; null values without one. */
  history: Pick<IngestProgress, 'history' | 'sources'>
  /** The progress that was reported last. */
  reported: IngestProgress
}

/** What a run is doing, with what its progress is described from. */
type Phase =
  | { name: 'start' }
  | { name: 'history'; partitions: readonly Partition[]; restoreSeconds: number; files: HistoryRun }
  | { name: 'live'; reader: PartitionReader }
  | { name: 'closed'; progress: IngestProgress; claims: readonly number[] }

function createRun(options: TopicConsumerOptions): Run {
  const warnings = createWarnings()
  const group = createGroup(options.connection, options, () => claimsNow(run), warnings)
  const run: Run = {
    options,
    group,
    warnings,
    stop: new AbortController(),
    stores: [],
    phase: { name: 'start' },
    logStarts: new Map(),
    history: { history: null, sources: [] },
    reported: describeStart(options, warnings),
  }
  return run
}

/** The phases that need the state; it is closed on return, and after a failure. */
async function runInState(run: Run, view: TopicView): Promise<IngestProgress> {
  const { stateDirectory, state: wanted } = run.options
  const state = await openStores(stateDirectory, { ...wanted, partitions: view.partitions }, 'run')
  run.stores = state.stores
  try {
    const loaded = await readHistory(run, view)
    const done = run.stop.signal.aborted ? false : await readLive(run, view, loaded)
    const last = { ...describeRun(run), reconciliation: reconcileSources(state.stores), done }
    closePhase(run)
    return last
  } catch (error) {
    closeAfterFailure(run)
    throw error
  } finally {
    // After a failed flush it may hang.
    await Promise.race([state.close(), sleep(CLOSE_MS)])
  }
}

/** Applies the history, if there is one; returns the partitions that are loaded then. */
async function readHistory(run: Run, view: TopicView): Promise<Map<number, Partition>> {
  const loaded = new Map<number, Partition>()
  if (run.options.history.length === 0) return loaded
  // It loads DuckDB, which a topic alone does not need.
  const { applyHistory } = await import('./history.ts')
  const start = performance.now()
  for (const store of run.stores) loaded.set(store.partition, loadPartition(store))
  const restoreSeconds = (performance.now() - start) / 1000
  const partitions = [...loaded.values()]
  const { group, warnings, options } = run
  const from = { consumer: group.consumer, view, warnings, stop: run.stop.signal }
  const choose = () => findPartitioner(from, options)
  await applyHistory(partitions, options, { stop: from.stop, warnings, choose }, (files) => {
    run.phase = { name: 'history', partitions, restoreSeconds, files }
  })
  const { counters, sources } = describeRun(run)
  run.history = { history: counters, sources }
  return loaded
}

/** Joins the group and reads what it assigns; returns whether everything was read. */
async function readLive(run: Run, view: TopicView, loaded: Map<number, Partition>) {
  const { stores, group, warnings, options } = run
  const cutoverMs = readCutover(stores[0])
  requireNoFiles(stores.map(positionsOf), cutoverMs)
  run.logStarts = await findLogStarts(group.consumer, options.topic, stores, warnings)
  const parts = { stores, loaded, cutoverMs, view, group, warnings, stop: run.stop.signal }
  const reader = openReader(parts, options)
  run.phase = { name: 'live', reader }
  joinGroup(group)
  await readAssigned(reader)
  return isCaughtUp(reader)
}

/** Keeps the last description: while the group is left the state is asked for, and is closed. */
function closePhase(run: Run): void {
  run.phase = { name: 'closed', progress: describeRun(run), claims: claimsNow(run) }
}

/** A state that cannot be described after a failure must not hide the failure. */
function closeAfterFailure(run: Run): void {
  try {
    closePhase(run)
  } catch (error) {
    run.warnings.info(`the state cannot be read any more either (${messageOf(error)})`)
    run.phase = { name: 'closed', progress: run.reported, claims: [] }
  }
}

function report(run: Run): IngestProgress {
  const now = describeRun(run)
  run.reported = run.stop.signal.aborted ? { ...now, state: 'draining' } : now
  return run.reported
}

function describeRun({ phase, history, options, warnings }: Run): IngestProgress {
  if (phase.name === 'closed') return phase.progress
  if (phase.name === 'live') {
    const live = describeConsumer(phase.reader)
    return { ...live, history: history.history, sources: [...history.sources, ...live.sources] }
  }
  if (phase.name === 'history') {
    const { partitions, restoreSeconds, files } = phase
    const { totalRows, sources, stats } = files
    const own = { totalRows, sources, restoreSeconds, warnings: warnings.waiting }
    return describeIngest(partitions, storesOf(partitions), stats, { state: 'running', ...own })
  }
  return describeStart(options, warnings)
}

/** What this member claims of each partition now. */
function claimsNow({ phase, stores, logStarts }: Run): readonly number[] {
  if (phase.name === 'closed') return phase.claims
  return phase.name === 'live' ? claimsOf(stores, phase.reader, logStarts) : []
}

/**
 * A member that stops stays in the group until its session ends, so that a restart moves nothing; a
 * member that only had to catch up leaves, because it does not come back.
 */
async function closeGroup(group: Group, leaves: boolean): Promise<void> {
  await settleOffsets(group.offsets, CLOSE_MS)
  if (leaves) await Promise.race([leaveGroup(group), sleep(CLOSE_MS)])
}
