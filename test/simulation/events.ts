// What happens to a process from outside while it runs: the seed decides when.
import { ownPartitions } from '../../consumers/kafka/group/offsets.ts'
import { logsOf, readFrom } from '../../consumers/kafka/log/partition.ts'
import type { PartitionReader } from '../../consumers/kafka/reader.ts'
import { PulseError } from '../../src/errors.ts'
import type { FilePhase } from './file-phase.ts'
import { growLog, truncateStart } from './logs.ts'
import type { SimulatedProcess } from './process.ts'
import { below } from './rows.ts'

/** The running part of a process. */
export interface Running {
  files: FilePhase | null
  reader: PartitionReader | null
  /** Partitions that were given back. */
  givenBack: Set<number>
  /** Rows applied when the lease ended; null while it lasts. */
  appliedAtEnd: number | null
}

/** Lets something happen, or nothing. */
export function happen(one: SimulatedProcess, running: Running): void {
  const { world, stop } = one
  const { random, faults, reached } = world
  if (random() < faults / 8) {
    one.killed = true
    reached.add('kill-anywhere')
    if (one.phase === 'files') reached.add('history-crash')
    return
  }
  if (random() < faults / 8) {
    reached.add('stopped')
    stop.abort()
  }
  if (running.files !== null && one.phase === 'files' && random() < 0.1) {
    running.files.ingest.paused = random() < 0.3
    if (running.files.ingest.paused) reached.add('paused')
  }
  if (running.reader !== null) happenLive(one, running, running.reader)
}

function happenLive(one: SimulatedProcess, running: Running, reader: PartitionReader): void {
  const { world } = one
  const { random, faults, logs, reached } = world
  const { group } = reader
  if (reader.topics.some(({ passed }) => passed.gaps > 0)) reached.add('gap-passed')
  for (const log of logs.flat()) {
    if (random() < 0.1) growLog(random, log, false)
    if (random() < faults / 10) truncateStart(random, log)
  }
  if (group.assigned === null || random() < faults) {
    const every = [...reader.stores.keys()]
    assign(running, reader, random() < 0.4 ? every : every.filter(() => random() < 0.6), reached)
  }
  if (random() < 0.02 || running.appliedAtEnd !== null) changeLease(one, running, reader)
  if (random() < faults / 50) {
    group.excluded = new PulseError('kafka', 'simulated: another process has the name')
    reached.add('excluded-member')
  }
}

/** Gives a reader its partitions. */
export function assign(
  { givenBack }: Running,
  reader: PartitionReader,
  assigned: readonly number[],
  reached: Set<string>,
): void {
  for (const log of logsOf(reader.topics)) {
    if (assigned.includes(log.number)) continue
    givenBack.add(log.number)
    reached.add('given-back')
    if (log.state.moved.size > 0) reached.add('given-back-with-rows')
  }
  if (assigned.some((number) => givenBack.has(number))) reached.add('regained')
  reader.group.assigned = assigned
  ownPartitions(reader.group.offsets, assigned)
}

const appliedIn = (reader: PartitionReader): number => reader.stats.counters.applied

/** A member whose lease is over applies nothing until it is one again. */
function changeLease(one: SimulatedProcess, running: Running, reader: PartitionReader): void {
  const { random, reached } = one.world
  if (running.appliedAtEnd === null) {
    reader.group.leaseUntil = -Infinity
    running.appliedAtEnd = appliedIn(reader)
    const hasMore = logsOf(reader.topics).some((log) => readFrom(log) < log.stableOffset)
    if (hasMore) reached.add('lease-over')
    return
  }
  if (running.appliedAtEnd !== appliedIn(reader)) {
    one.violations.push('rows are applied after the end of the lease')
  }
  if (below(random, 10) > 0) return
  reader.group.leaseUntil = Infinity
  running.appliedAtEnd = null
}
