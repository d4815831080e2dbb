// One process over the disks of a world: it opens the state, and may fail or be killed in any write.
import type { CommitOptions } from '../../consumers/ingest/ingest-stats.ts'
import { FORMAT } from '../../state/partition-metadata.ts'
import { loadPartition, type Partition } from '../../state/partition.ts'
import { writeStamp } from '../../state/stamp.ts'
import { openPartition, readCutover, writeCutover, type PartitionStore } from '../../state/store.ts'
import { DEFAULT_PARTITIONER } from '../../src/record/topic-keys.ts'
import { openMemory, type Fate } from './memory-environment.ts'
import { below, oneOf } from './rows.ts'
import type { Situation } from './situations.ts'
import { createVirtualClock } from './virtual-clock.ts'
import { placeIn, type World } from './world.ts'

/** Options of the state in every world. */
export const STATE = { timeZone: 'UTC', missingMsisdn: 'reject' } as const

/** A process of a world. */
export interface SimulatedProcess {
  world: World
  stores: PartitionStore[]
  /** It has been killed: nothing of it continues. */
  killed: boolean
  /** A write of it has failed: it must not write again. */
  failed: boolean
  /** A sentence for each invariant that it broke itself. */
  violations: string[]
  /** What it does at present. */
  phase: 'start' | 'files' | 'live'
  /** Commits since the last one that was reported. */
  unreported: number
  commit: CommitOptions
  stop: AbortController
}

/** Reports what is durable: as the ingest thread does after a commit. */
type Report = () => Iterable<Partition>

/** Starts a process: opens all stores, and stamps those that are new. */
export function startProcess(world: World): SimulatedProcess {
  // Who waits on the clock of a process that was killed is never woken.
  world.clock = createVirtualClock(world.random, world.clock.now())
  const one: SimulatedProcess = {
    ...{ world, stores: [], killed: false, failed: false, violations: [], phase: 'start' },
    ...{ unreported: 0, stop: new AbortController() },
    commit: { commitIntervalMs: world.commitIntervalMs, keepRejected: world.keepRejected },
  }
  const { disks, partitions } = world
  disks.forEach((disk, partition) => {
    const open = () => openMemory(disk, () => fateOf(one))
    const store = openPartition('simulated', partition, 'write', open)
    one.stores.push(store)
    if (store.stamp !== null) return
    const stamp = { format: FORMAT, partitions, ...STATE }
    store.environment.transactionSync(() => writeStamp(store.meta.database, stamp))
  })
  const [first] = one.stores
  if (world.cutoverMs !== null && readCutover(first) === null) {
    writeCutover(first, world.cutoverMs, DEFAULT_PARTITIONER)
  }
  return one
}

/** Sets what is reported after each commit. */
export function reportCommits(one: SimulatedProcess, loaded: Report): void {
  const oldest = new Map<Partition, number>()
  one.commit.onCommit = () => {
    one.unreported = 0
    for (const partition of loaded()) {
      const { store, positions, sweep } = partition
      const first = sweep.journal.at(0)?.commit ?? Infinity
      if (first > (oldest.get(partition) ?? first)) one.world.reached.add('swept')
      oldest.set(partition, first)
      for (const [source, { next }] of positions) {
        if (next > 0) one.world.durable.set(placeIn(store.partition, source), next)
      }
    }
  }
}

const DONE: Fate = { outcome: 'done', failsAt: null, loses: [] }
/** Most writes of one commit in a small partition. */
const WRITES = 12

/** What becomes of the next write transaction of a process. */
function fateOf(one: SimulatedProcess): Fate {
  const { world } = one
  const { random, faults, bug, reached } = world
  if (one.killed) throw new Error('simulated: killed')
  if (one.failed) one.violations.push('a write follows one that failed')
  const plan = planted(world)
  if (random() >= faults) {
    one.unreported++
    return plan
  }
  const kill = random() < 0.5
  if (one.unreported > 0 && one.phase !== 'start') reached.add('between-partitions')
  one.killed = kill
  one.failed = !kill
  const outcome = oneOf(random, ['failed', 'unknown'] as const)
  const failsAt = outcome === 'failed' && random() < 0.5 ? below(random, WRITES) : null
  if (kill) reached.add(outcome === 'failed' ? 'kill-before-commit' : 'kill-after-commit')
  else reached.add(outcome === 'unknown' ? 'commit-unknown' : situationOf(failsAt))
  if (kill && one.phase === 'files') reached.add('history-crash')
  return { ...plan, outcome: bug?.unflushed === true ? 'failed' : outcome, failsAt }
}

const situationOf = (failsAt: number | null): Situation =>
  failsAt === null ? 'commit-failed' : 'write-failed'

/** A planted bug shows in some commits only. */
function planted({ random, bug }: World): Fate {
  if (bug === null || random() < 0.7) return DONE
  if (bug.unflushed === true) return { ...DONE, outcome: 'unflushed' }
  return { ...DONE, loses: bug.loses ?? [] }
}

/** Loads all partitions; a planted bug forgets how far the last one had read. */
export function loadAll({ stores }: SimulatedProcess): Map<number, Partition> {
  return new Map(stores.map((store) => [store.partition, loadPartition(store)]))
}
