// The run of a consumer: find the topic, open the state, apply the history, then read live.
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { messageOf } from '../../src/errors.ts'
import { loadPartition, type Partition } from '../../state/partition.ts'
import { readCutover, readHeld, type PartitionStore } from '../../state/store.ts'
import { openStores, type StateStores } from '../../state/writer.ts'
import { CLAIM } from './group/assignment.ts'
import type { TopicConsumerOptions } from './options.ts'
import { describeIngest, storesOf } from '../ingest/describe.ts'
import { findTopic } from './wait-for-topic.ts'
import { createGroup, type Group } from './group/membership.ts'
import { createLive } from './live.ts'
import { createWarnings } from '../ingest/warnings.ts'
import type { IngestProgress } from '../ingest/progress.ts'
import { reconcileSources } from './reconciliation.ts'
import { createIngestStats } from '../ingest/ingest-stats.ts'
import type { TopicView } from '../../src/kafka/topic.ts'

/** A consumer as others see it while it runs. */
export interface TopicConsumer {
  progress(): IngestProgress
  stop(): void
}

const CLOSE_MS = 3000

/**
 * Consumes a topic until a stop, or until it is caught up; on return all that was applied is durable.
 *
 * @param onReady is given the consumer at once
 * @throws PulseError `kafka` when the cluster or topic cannot be used, or reading stopped at a gap
 *   that --until-caught-up cannot pass; those of the state and of the files
 */
export async function runTopicConsumer(
  options: TopicConsumerOptions,
  onReady: (consuming: TopicConsumer) => void,
): Promise<IngestProgress> {
  const run = createRun(options)
  onReady({
    progress: () => {
      const now = run.progress()
      run.told = run.stopping ? { ...now, state: 'draining' } : now
      return run.told
    },
    stop: () => run.stop.abort(),
  })
  const { group } = run
  try {
    const { connection, topic: name } = options
    const topic = await findTopic(group.consumer, connection, name, run.stopped)
    if (topic === null) return run.progress()
    const made = { ...options.state, partitions: topic.partitions }
    const state = await openStores(options.stateDirectory, made, 'run')
    try {
      const last = await consumeInto(state, topic, run, options)
      keepLast(run)
      return last
    } catch (error) {
      keepWhatCanBeRead(run)
      throw error
    } finally {
      // After a failed flush it may hang.
      await Promise.race([state.close(), sleep(CLOSE_MS)])
    }
  } finally {
    await closeGroup(group, options.untilCaughtUp || !run.joined)
  }
}

/** What the phases of a run share. */
interface Run {
  group: Group
  warnings: ReturnType<typeof createWarnings>
  failed: PromiseWithResolvers<never>
  /** Set while the group may assign: before that nothing is read. */
  assign: (partitions: readonly number[]) => void
  /** What this member says of its partitions to the group. */
  claims: () => readonly number[]
  progress: () => IngestProgress
  /** What others were told last. */
  told: IngestProgress
  joined: boolean
  stopping: boolean
  stopped: Promise<undefined>
  stop: AbortController
}

function createRun(options: TopicConsumerOptions): Run {
  const warnings = createWarnings()
  const stopped = Promise.withResolvers<undefined>()
  const failed = Promise.withResolvers<never>()
  failed.promise.catch(() => undefined)
  const stats = createIngestStats({ missingMsisdnZero: false }, options, 1)
  const group = createGroup(options.connection, options, () => run.claims(), {
    onAssigned: (partitions) => run.assign(partitions),
    onError: warnings.error,
    onExcluded: failed.reject,
  })
  const starting = () =>
    describeIngest([], [], stats, { state: 'starting', warnings: warnings.waiting })
  const run: Run = {
    group,
    warnings,
    failed,
    assign: () => undefined,
    claims: () => [],
    progress: starting,
    told: starting(),
    joined: false,
    stopping: false,
    stopped: stopped.promise,
    stop: new AbortController(),
  }
  run.stop.signal.addEventListener('abort', () => {
    run.stopping = true
    stopped.resolve(undefined)
  })
  return run
}

async function consumeInto(
  { stores }: StateStores,
  topic: TopicView,
  run: Run,
  options: TopicConsumerOptions,
): Promise<IngestProgress> {
  run.claims = () => claimsOf(stores)
  const { group, warnings, failed } = run
  const last = (): IngestProgress => ({
    ...run.progress(),
    reconciliation: reconcileSources(stores),
  })
  const loaded = new Map<number, Partition>()
  const history = await readHistory(stores, loaded, run, options)
  if (run.stopping) return last()
  const cutoverMs = readCutover(stores[0])
  const live = createLive({ stores, loaded, cutoverMs, topic, group, warnings }, options, failed)
  run.progress = () => {
    const now = live.progress()
    return { ...now, ...history, sources: [...history.sources, ...now.sources] }
  }
  run.assign = live.consumption.assign
  run.joined = true
  group.join()
  await live.run(run.stopped)
  return { ...last(), done: live.consumption.isCaughtUp() }
}

/** Applies the history, if there is one; its partitions stay loaded. */
async function readHistory(
  stores: readonly PartitionStore[],
  loaded: Map<number, Partition>,
  run: Run,
  options: TopicConsumerOptions,
): Promise<Pick<IngestProgress, 'history' | 'sources'>> {
  if (options.history.length === 0) return { history: null, sources: [] }
  // With DuckDB, which a topic alone does not need.
  const { applyHistory } = await import('./history.ts')
  const start = performance.now()
  for (const store of stores) loaded.set(store.partition, loadPartition(store))
  const restoreSeconds = (performance.now() - start) / 1000
  const partitions = [...loaded.values()]
  const { warnings } = run
  await applyHistory(partitions, options, run.stop.signal, (ready) => {
    const { totalRows, sources, stats } = ready
    const known = { totalRows, sources, restoreSeconds, warnings: warnings.waiting }
    run.progress = () =>
      describeIngest(partitions, storesOf(partitions), stats, { state: 'running', ...known })
  })
  const { counters, sources } = run.progress()
  return { history: counters, sources }
}

/** While the group is left others still ask, and what is closed cannot be read any more. */
function keepLast(run: Run): void {
  const [claims, progress] = [run.claims(), run.progress()]
  run.claims = () => claims
  run.progress = () => progress
}

/** After a failure: a store that cannot be read either must not hide what was first. */
function keepWhatCanBeRead(run: Run): void {
  try {
    keepLast(run)
  } catch (error) {
    run.warnings.info(`the state cannot be read any more either (${messageOf(error)})`)
    const { told } = run
    run.claims = () => []
    run.progress = () => told
  }
}

const claimsOf = (stores: readonly PartitionStore[]): number[] =>
  stores.map((store) => {
    if (store.positions.getKeysCount({ limit: 1 }) === 0) return CLAIM.none
    return readHeld(store) ? CLAIM.held : CLAIM.kept
  })

/**
 * A member that stops stays in the group until its session ends, so that a restart moves nothing; one
 * that had only to catch up leaves, for it does not come back.
 */
async function closeGroup({ settled, leave }: Group, wanted: boolean): Promise<void> {
  await settled(CLOSE_MS)
  if (wanted) await Promise.race([leave(), sleep(CLOSE_MS)])
}
