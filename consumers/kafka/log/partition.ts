// One partition of a topic as this member reads it: its state, its position, what it waits for.
import { BROKER_RETRY, createBackoff, type Backoff } from '../../../src/kafka/retry.ts'
import type { SchemaKey } from '../../../src/kafka/schema-registry.ts'
import type { Replica } from './replica.ts'
import { FIRST_ROWS } from './first-rows.ts'
import { createCheck, type UnitCheck } from './unit-check.ts'
import type { SourcePosition } from '../../../state/partition-metadata.ts'
import type { Partition } from '../../../state/partition.ts'

/** Offsets of the log that can no longer be read, or never could. */
export interface Gap {
  kind: 'out-of-range' | 'lost' | 'truncated' | 'recreated' | 'unreadable' | 'units'
  /** Missing offsets: `from` up to `to`, exclusive. */
  from: number
  to: number
  /** The gap as a sentence. */
  message: string
}

/** Evidence of a position whose topic's unit of durations is not known yet. */
export const NO_ROW_READ = 'no row read yet'

/** A partition of a topic that is read here. */
export interface LogPartition {
  /** Name of the topic. */
  topic: string
  number: number
  state: Partition
  /** Key of the topic, under which the position is stored. */
  source: string
  position: SourcePosition
  /**
   * Where rows are looked at next, while the topic's units are not decided and none is applied;
   * null when reading continues at the position.
   */
  peek: number | null
  /** Rows that were checked, against the decided units too. */
  checked: UnitCheck
  /** End of the log as last fetched; -1 before the first response. */
  endOffset: number
  /** End of the log as far as transactions have ended: lag is measured to it; -1 as above. */
  stableOffset: number
  /** First offset of the log as last fetched; -1 before the first response. */
  logStart: number
  /** Offsets missing between records that were read: the log is compacted. */
  holes: number
  /** Offsets before it were searched for holes in this run. */
  searchedTo: number
  /** Records before it were counted in this run, as rows or as duplicates. */
  countedTo: number
  /** Position of the last commit. */
  durableOffset: number
  /** Kafka's timestamp of the last record that was read; 0 before the first. */
  lastTimestampMs: number
  /** Kafka's timestamps of applied batches that are not durable yet. */
  undurableMs: number[]
  /** Key of the schema that reading waits for; null for none. */
  waitingFor: SchemaKey | null
  /** Reading stops here; null for no gap. */
  gap: Gap | null
  /** The brokers do not allow to read it: the ACL that is missing, as a sentence; null for none. */
  denied: string | null
  /** The cluster is being asked about the log, which is not read meanwhile. */
  recovering: boolean
  /** What it is fetched from instead of its leader; null for its leader. */
  replica: Replica | null
  /** Of these recoveries; reset by a response that is read. */
  backoff: Backoff
}

/** A partition before its first response. */
export const createLogPartition = (
  topic: string,
  number: number,
  state: Partition,
  source: string,
  position: SourcePosition,
  backoff: Backoff = createBackoff(BROKER_RETRY),
): LogPartition => ({
  topic,
  number,
  state,
  source,
  position,
  peek: null,
  // A log with as many rows has none of the topic's first rows any more.
  checked: createCheck(
    position.applied + position.excluded < FIRST_ROWS ? position.next : Infinity,
  ),
  endOffset: -1,
  stableOffset: -1,
  logStart: -1,
  holes: 0,
  searchedTo: 0,
  countedTo: 0,
  durableOffset: position.next,
  lastTimestampMs: 0,
  undurableMs: [],
  waitingFor: null,
  gap: null,
  denied: null,
  recovering: false,
  replica: null,
  backoff,
})

/** The logs of some topics. */
export const logsOf = (
  topics: Iterable<{ logs: ReadonlyMap<number, LogPartition> }>,
): LogPartition[] => [...topics].flatMap(({ logs }) => [...logs.values()])

/** A partition of a topic, in sentences. */
export const placeOf = ({ topic, number }: Pick<LogPartition, 'topic' | 'number'>): string =>
  `topic ${topic}, partition ${number}`

/** The offset from which the log is fetched. */
export const readFrom = ({ peek, position }: LogPartition): number => peek ?? position.next

/** True when all that there is was read, or looked at. */
export const isLookedThrough = (log: LogPartition): boolean =>
  log.stableOffset >= 0 && readFrom(log) >= log.stableOffset

/** Records between the position and the end that may be read; NaN before the first response. */
export const lagRecords = ({ stableOffset, position }: LogPartition): number =>
  stableOffset < 0 ? NaN : Math.max(0, stableOffset - position.next)

/** Why a partition is not read until somebody acts, as a sentence; null for no reason. */
export const stopOf = ({ gap, denied }: LogPartition): string | null => gap?.message ?? denied

/** True when the partition was read to its end. */
export const isRead = (log: LogPartition): boolean =>
  log.gap === null && log.denied === null && log.waitingFor === null && lagRecords(log) === 0
