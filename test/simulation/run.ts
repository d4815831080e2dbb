// One seed: processes one after another over one world, each ended by a fault, a stop or its end.
import assert from 'node:assert/strict'
import { statesOf } from '../../consumers/kafka/commit.ts'
import type { IngestStats } from '../../consumers/ingest/ingest-stats.ts'
import { logsOf } from '../../consumers/kafka/log/partition.ts'
import { readAssigned, type PartitionReader } from '../../consumers/kafka/reader.ts'
import { PulseError } from '../../src/errors.ts'
import type { Partition } from '../../state/partition.ts'
import { checkDisks, checkEnd, hashOf } from './checks.ts'
import { assign, happen, type Running } from './events.ts'
import { prepareFilePhase } from './file-phase.ts'
import { openLive } from './live-phase.ts'
import { growLog } from './logs.ts'
import type { Bug } from './planted.ts'
import { loadAll, reportCommits, startProcess, type SimulatedProcess } from './process.ts'
import { below } from './rows.ts'
import type { Situation } from './situations.ts'
import { createWorld, type World } from './world.ts'

/** Processes that may be ended by a fault, before the one that reads everything. */
const MOST_PROCESSES = 5
/** A process that takes more steps makes no progress. */
const MOST_STEPS = 50_000

/**
 * Runs a seed.
 *
 * @returns the situations that it reached
 * @throws AssertionError for an invariant that does not hold
 */
export async function runSeed(seed: number, bug: Bug | null = null): Promise<Set<Situation>> {
  const world = createWorld(seed, bug)
  for (let left = 1 + below(world.random, MOST_PROCESSES); left > 0; left--) {
    await runProcess(world, false)
    checkDisks(world)
  }
  await readAll(world)
  if (world.logs.flat().every(({ start }) => start === 0)) {
    const calm = createWorld(seed)
    await readAll(calm)
    assert.equal(hashOf(world), hashOf(calm), 'I3: the hash of an undisturbed run')
  }
  return world.reached
}

/** Reads what is left of a world, without faults. */
async function readAll(world: World): Promise<void> {
  world.faults = 0
  for (const log of world.logs.flat()) growLog(world.random, log, true)
  await runProcess(world, true)
  checkDisks(world)
  checkEnd(world)
}

/** Runs a process until it ends; the last one must end without an error. */
async function runProcess(world: World, isLast: boolean): Promise<void> {
  const one = tryStart(world)
  if (one === null) return
  const running: Running = { files: null, reader: null, givenBack: new Set(), appliedAtEnd: null }
  const end: (Error | null)[] = []
  const ended = work(one, running, isLast).then(
    () => end.push(null),
    (error: unknown) => end.push(error as Error),
  )
  for (let steps = 0; !hasEnded(one, end); steps++) {
    assert.ok(steps < MOST_STEPS, 'I9: a process makes no progress')
    if (!isLast) happen(one, running)
    const goesOn = await world.clock.step()
    assert.ok(goesOn || hasEnded(one, end), 'I9: everything waits for something else')
  }
  assert.deepEqual(one.violations, [])
  if (one.killed) return
  await ended
  const [error] = end
  if (error !== null && (isLast || !isExpected(one, running, error))) throw error
}

const hasEnded = ({ killed }: SimulatedProcess, end: readonly unknown[]): boolean =>
  killed || end.length > 0

function tryStart(world: World): SimulatedProcess | null {
  try {
    return startProcess(world)
  } catch (error) {
    if (error instanceof Error && error.message.startsWith('simulated')) return null
    throw error
  }
}

/** A process may end with an error only after a fault that it cannot survive. */
const isExpected = (one: SimulatedProcess, { reader }: Running, error: unknown): boolean => {
  if (error === reader?.group.excluded) return true
  if (!(error instanceof PulseError)) return false
  return one.failed || (error.code === 'input-invalid' && one.world.reached.has('file-changed'))
}

async function work(one: SimulatedProcess, running: Running, isLast: boolean): Promise<void> {
  const { world, stop } = one
  const isHistory = world.files.length > 0
  const loaded = isHistory ? loadAll(one) : new Map<number, Partition>()
  if (isHistory) {
    one.phase = 'files'
    const partitions = [...loaded.values()]
    reportCommits(one, () => partitions)
    running.files = prepareFilePhase(one, partitions)
    await running.files.run()
    checkCounters(running.files.stats)
  }
  if (stop.signal.aborted || world.logs.length === 0) return
  one.phase = 'live'
  const reader = openLive(one, loaded, isLast)
  reportCommits(one, () => statesOf(logsOf(reader.topics)))
  if (isLast) assign(running, reader, allOf(reader), world.reached)
  running.reader = reader
  await readAssigned(reader)
  checkCounters(reader.stats)
}

const allOf = ({ stores }: PartitionReader): number[] => [...stores.keys()]

/** I1 of a run: each row that was read has an outcome. */
function checkCounters({ counters }: IngestStats): void {
  const { rows, applied, duplicate, rejected, excluded } = counters
  const refused = Object.values(rejected).reduce((sum, count) => sum + count, 0)
  assert.equal(rows, applied + duplicate + refused + excluded, 'I1: the rows of a run')
}
