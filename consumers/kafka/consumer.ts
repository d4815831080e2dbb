// The phases of a topic consumer: wait for its topics, open the state, history, live, close.
import { setTimeout as sleep } from 'node:timers/promises'
import { messageOf, PulseError } from '../../src/errors.ts'
import type { TopicView } from '../../src/kafka/topic.ts'
import { readGrowth } from '../../state/growth.ts'
import type { Growth } from '../../state/partition-metadata.ts'
import type { Partition } from '../../state/partition.ts'
import { readCutover } from '../../state/store.ts'
import { hasState, openStores, type StateStores } from '../../state/writer.ts'
import { openChangelogOf } from '../changelog/client.ts'
import { requireNoFiles } from '../ingest/double-rows.ts'
import type { IngestProgress } from '../ingest/progress.ts'
import { findLogStarts } from './group/claims.ts'
import { joinGroup, leaveGroup, type Group } from './group/membership.ts'
import { settleOffsets } from './group/offsets.ts'
import { grownText, growTo, type GrownState, type GrowState } from './growth.ts'
import { findPartitioner, requireAlike } from './history-keys.ts'
import { openReader } from './live.ts'
import { isCaughtUp, readAssigned } from './reader.ts'
import { positionsOf, reconcileSources } from './reconciliation.ts'
import { claimsNow, createRun, describeRun, report } from './run.ts'
import type { Run, TopicConsumerOptions } from './run.ts'
import { requireNoHistory, requireSamePartitions } from './topics.ts'
import { leadingOf } from './threads/lead.ts'
import { startThreads, type Threads } from './threads/threads.ts'
import { waitForTopics } from './wait-for-topic.ts'

/** A running consumer. */
export interface TopicConsumer {
  progress(): IngestProgress
  /** Ends the consumer after the pending rows. */
  stop(): void
}

/** Steps of closing that depend on others (brokers, a failed store) get this long each. */
const CLOSE_MS = 3000

/**
 * Consumes topics until a stop, or until it is caught up; on return all that was applied is
 * durable.
 *
 * @param onReady receives the consumer at once
 * @throws PulseError `kafka` when the cluster or a topic cannot be used, or a gap keeps
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
    const views = await waitForTopics(
      group.consumer,
      options.connection,
      options.topics,
      stop.signal,
    )
    if (views === null) return describeRun(run)
    return await runInState(run, views)
  } finally {
    await closeGroup(group, options.untilCaughtUp || !group.joined)
  }
}

/** Topics as the cluster describes them, by name. */
type Views = ReadonlyMap<string, TopicView>

/** The phases that need the state; it is closed on return, and after a failure. */
async function runInState(run: Run, views: Views): Promise<IngestProgress> {
  const { stateDirectory, state: wanted } = run.options
  const topics = new Map([...views].map(([topic, view]) => [topic, view.partitions]))
  // Topics of a state may differ: one may have grown before the other.
  if (!hasState(stateDirectory)) requireSamePartitions(topics)
  const partitions = { ofNew: Math.max(...topics.values()) }
  const state = await openStores(stateDirectory, { ...wanted, partitions }, 'run')
  run.stores = state.stores
  try {
    const grown = growTo(state, topics)
    for (const topic of grown.grown) run.warnings.warn(grownText(topic))
    const threads = await threadsOf(run, grown)
    run.leads = threads && leadingOf(threads)
    const { options, group, warnings, stop } = run
    requireNoHistory(options.topics, options.history, readCutover(state.stores[0]))
    requireNoCutover(run, state)
    const from = { consumer: group.consumer, warnings, stop: stop.signal }
    await requireAlike(from, views, options)
    const loaded = await readHistory(run, state, views, grown.growth)
    const done = run.stop.signal.aborted
      ? false
      : await readLive(run, state, views, loaded, threads)
    const last = { ...describeRun(run), reconciliation: reconcileSources(state.stores), done }
    closePhase(run)
    return last
  } catch (error) {
    closeAfterFailure(run)
    const others = Promise.allSettled([
      run.leads?.end('abandon') ?? Promise.resolve(),
      run.changelog?.end() ?? Promise.resolve(),
    ])
    await Promise.race([others, sleep(CLOSE_MS)])
    throw error
  } finally {
    // After a failed flush it may hang.
    await Promise.race([state.close(), sleep(CLOSE_MS)])
  }
}

/** A partition that is restored elsewhere would be read without the cut-over of its history. */
function requireNoCutover({ options }: Run, { directory, stores }: StateStores): void {
  if (options.changelog === null || readCutover(stores[0]) === null) return
  throw new PulseError(
    'state-options',
    `the state in ${directory} has a history of files, expected one of topics only with ` +
      '--changelog; start without --changelog, or with an empty directory and another prefix',
  )
}

/** Starts the other ingest threads; null where one thread reads all. */
async function threadsOf(run: Run, state: GrownState): Promise<Threads | null> {
  if (Math.min(run.options.threads, state.stores.length) < 2) return null
  return startThreads(run.options, state, run.group, () => run.logStarts)
}

/** Applies the history, if there is one; returns the partitions that this thread holds then. */
async function readHistory(
  run: Run,
  state: StateStores,
  views: Views,
  growth: Growth | null,
): Promise<Map<number, Partition>> {
  if (run.options.history.length === 0) return new Map()
  // It loads DuckDB, which a topic alone does not need.
  const { applyHistory } = await import('./history.ts')
  const { group, warnings, options } = run
  const from = { consumer: group.consumer, warnings, stop: run.stop.signal }
  const [[topic, view]] = views
  const choose = () => findPartitioner({ ...from, topic, view }, options)
  // Its rows are divided over the partitions that it began with.
  const stores = state.stores.slice(0, growth?.madeWith)
  const divided = { ...state, stores }
  const context = { state: divided, threads: options.threads, stop: from.stop, warnings, choose }
  const loaded = await applyHistory(options, context, (files) => {
    run.phase = { name: 'history', files }
  })
  const { counters, sources } = describeRun(run)
  run.history = { history: counters, sources }
  return loaded
}

/** Joins the group and reads what it assigns; returns whether everything was read. */
async function readLive(
  run: Run,
  state: StateStores,
  views: Views,
  loaded: Map<number, Partition>,
  threads: Threads | null,
) {
  const { group, warnings, options, leads } = run
  const { stores } = state
  const cutoverMs = readCutover(stores[0])
  requireNoFiles(stores.map(positionsOf), cutoverMs)
  run.logStarts = await findLogStarts(group.consumer, views, stores, warnings)
  const byNumber = new Map(stores.map((store) => [store.partition, store]))
  const what = { cutoverMs, views, group, warnings, stop: run.stop.signal }
  const growth = readGrowth(state)
  const grow: GrowState = (topics) => growTo(state, topics)
  const changelog = openChangelogOf(options, stores.length, warnings)
  run.changelog = changelog
  // With a changelog each partition is claimed first, also one that a history has filled.
  const inMemory = changelog === null ? loaded : new Map<number, Partition>()
  const shared = { stores: byNumber, loaded: inMemory, growth, grow, threads, leads, changelog }
  const parts = { ...what, ...shared }
  const reader = openReader(parts, options)
  if (threads !== null) threads.observations = reader.stats.observations
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

/**
 * A member that stops stays in the group until its session ends, so that a restart moves nothing; a
 * member that only had to catch up leaves, because it does not come back.
 */
async function closeGroup(group: Group, leaves: boolean): Promise<void> {
  await settleOffsets(group.offsets, CLOSE_MS)
  if (leaves) await Promise.race([leaveGroup(group), sleep(CLOSE_MS)])
}
