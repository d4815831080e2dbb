// The world of one seed: its topics, files and disks, and what the processes told it.
import type { Random } from '../../src/random.ts'
import { seededRandom } from '../../src/random.ts'
import { DEFAULT_PARTITIONER, partitionBy } from '../../src/record/topic-keys.ts'
import { createLog, type SimulatedLog } from './logs.ts'
import { createDisk, type Disk } from './memory-environment.ts'
import type { ModelSource } from './model.ts'
import type { Bug } from './planted.ts'
import { below, CUTOVER_MS, oneOf, someFileRow, type Row } from './rows.ts'
import type { Situation } from './situations.ts'
import { createVirtualClock, type VirtualClock } from './virtual-clock.ts'

/** A file of XDR, as its reader sees it. */
export interface SimulatedFile {
  id: string
  name: string
  rows: Row[]
  /** Numbers of the rows in order of Start. */
  byTime: number[]
}

/** A world; what is durable in it outlives its processes. */
export interface World {
  seed: number
  random: Random
  clock: VirtualClock
  partitions: number
  disks: Disk[]
  /** By topic, by partition. */
  logs: SimulatedLog[][]
  files: SimulatedFile[]
  cutoverMs: number | null
  /** Bound of kept rejected rows. */
  keepRejected: number
  commitIntervalMs: number
  hasLetters: boolean
  /** Most messages of a batch. */
  batchRows: number
  /** Share of steps and requests at which something fails; 0 at the end. */
  faults: number
  /** A defect that the simulation must find; null for none. */
  bug: Bug | null
  /** By `placeOf`: what a process has reported as durable. */
  durable: Map<string, number>
  /** By `placeOf`: what a check has found on disk. */
  stored: Map<string, number>
  /** By `placeOf`: what the group has acknowledged. */
  committed: Map<string, number>
  /** Rejected messages that the dead-letter topic has, by topic, partition and offset. */
  letters: Map<string, number>
  reached: Set<Situation>
}

/** A partition of a source. */
export const placeIn = (partition: number, source: string): string => `${partition}/${source}`

const hex = (random: Random, digits: number): string =>
  Array.from({ length: digits }, () => below(random, 16).toString(16)).join('')

/** As many subscribers of each partition. */
function someSubscribers(partitions: number, count: number): number[][] {
  const pools = Array.from({ length: partitions }, (): number[] => [])
  for (let msisdn = 33_600_000_000; pools.some(({ length }) => length < count); msisdn++) {
    pools[partitionBy(DEFAULT_PARTITIONER, msisdn, partitions)].push(msisdn)
  }
  return pools
}

/** More subscribers than a commit rewrites: twice 4 blocks. */
const MANY = 8 * 1024 + 300
const MANY_SHARE = 0.03
const WORDS = ['files', 'topics', 'topics', 'both'] as const

/** The world of a seed. */
export function createWorld(seed: number, bug: Bug | null = null): World {
  const random = seededRandom(seed)
  const hasMany = random() < MANY_SHARE || bug?.needsJournal === true
  const kind = hasMany ? 'both' : oneOf(random, WORDS)
  const partitions = hasMany ? 1 : 1 + below(random, 3)
  const pools = someSubscribers(partitions, hasMany ? MANY : 8)
  const dirt = oneOf(random, [0, 0.15, 0.4])
  const schemas = random() < 0.3 ? [11, 12] : []
  const topics = kind === 'files' ? [] : ['one', 'two'].slice(0, 1 + below(random, 2))
  const files = kind === 'topics' ? 0 : hasMany ? 1 : 1 + below(random, 2)
  return {
    ...{ seed, random, partitions, bug },
    clock: createVirtualClock(random),
    disks: pools.map(createDisk),
    logs: topics.map((topic) => {
      const source = hex(random, 32)
      return pools.map((subscribers, number) => {
        const messages = random() < 0.1 ? 0 : below(random, hasMany ? 150 : 40)
        return createLog(
          random,
          { topic, number, source },
          { subscribers, messages, dirt, schemas },
        )
      })
    }),
    files: Array.from({ length: files }, (_, at) => {
      const rows = hasMany ? everyone(random, pools[0]) : someRows(random, pools.flat(), dirt)
      return fileOf(hex(random, 64), `file ${at}`, rows)
    }),
    cutoverMs: kind === 'both' ? CUTOVER_MS : null,
    keepRejected: oneOf(random, [0, 3, 1000]),
    commitIntervalMs: hasMany ? 300 : oneOf(random, [0, 50, 300]),
    hasLetters: random() < 0.8,
    batchRows: oneOf(random, [3, 16, 64]),
    faults: oneOf(random, [0.01, 0.03, 0.1]),
    ...{ durable: new Map(), stored: new Map(), committed: new Map(), letters: new Map() },
    reached: new Set(),
  }
}

const someRows = (random: Random, subscribers: readonly number[], dirt: number): Row[] =>
  Array.from({ length: 1 + below(random, 80) }, () => someFileRow(random, subscribers, dirt))

/** A row of each subscriber, before the cut-over. */
const everyone = (random: Random, subscribers: readonly number[]): Row[] =>
  subscribers.map((msisdn) => {
    const row = someFileRow(random, [msisdn], 0)
    return { ...row, startMs: CUTOVER_MS - 1 - below(random, 3_600_000) }
  })

function fileOf(id: string, name: string, rows: Row[]): SimulatedFile {
  const byTime = rows.map((_, at) => at)
  byTime.sort((a, b) => rows[a].startMs - rows[b].startMs || a - b)
  return { id, name, rows, byTime }
}

const isMsisdn = (value: number): boolean => value > 0

/** What the model knows of the sources of a partition. */
export function modelSources(world: World, partition: number): Map<string, ModelSource> {
  const { files, logs, partitions } = world
  const sources = new Map<string, ModelSource>()
  for (const { id, rows, byTime } of files) {
    const inOrder = byTime.map((at) => rows[at])
    sources.set(id, {
      kind: 'file',
      rowsIn: (order) => (order === 'time' ? inOrder : rows),
      numberOf: (order, at) => (order === 'time' ? byTime[at] : at),
      isHere: ({ msisdn, reason }) => {
        const isRouted = reason !== 'malformed' && isMsisdn(msisdn)
        return (isRouted ? partitionBy(DEFAULT_PARTITIONER, msisdn, partitions) : 0) === partition
      },
      deletedTo: 0,
    })
  }
  for (const byPartition of logs) {
    const log = byPartition[partition]
    sources.set(log.source, {
      kind: 'topic',
      rowsIn: () => log.rows,
      numberOf: (_, at) => at,
      isHere: () => true,
      deletedTo: log.start,
    })
  }
  return sources
}
