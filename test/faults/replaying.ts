// Replays as processes, under faults: what they reported as durable, and what is stored.
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { IngestProgress } from '../../consumers/ingest/progress.ts'
import { dataFileOf } from '../../state/data-file.ts'
import { partitionDirectory } from '../../state/store.ts'
import { sampleIn } from '../consumers/files/samples.ts'
import { CLI, start, type Outcome, type Running } from '../e2e/command.ts'
import type { FaultContext } from './fault-row.ts'
import {
  positionsOf,
  readDurable,
  requireForward,
  requireHonest,
  requireOracle,
  requirePrivate,
  requireSame,
  type Durable,
} from './invariants.ts'
import { readCalls, traced, type Call, type Injection } from './strace.ts'
import { missingTools } from './tools.ts'

const SPY = join(import.meta.dirname, '../e2e/kafka-spy.ts')

/** A file to replay, and the state that it must give. */
export interface Sample {
  file: string
  rows: number
  whole: Durable
  /** The calls by which an undisturbed replay makes a state of one partition. */
  calls: Call[]
}

/** A replay commits about 25 times. */
const SAMPLE = { rows: 50_000, subscribers: 5000, days: 9, seed: 3, dirt: 0.05 }

let made: Promise<Sample> | undefined

/** The file of all rows of this process; its undisturbed replay agrees with the oracle. */
export async function makeSample(context: FaultContext): Promise<Sample> {
  const sample = await (made ??= firstSample(context))
  await requireOracle(context, sample.whole, [sample.file])
  return sample
}

async function firstSample(context: FaultContext): Promise<Sample> {
  // Several rows share it: it outlives the directory of the first.
  const directory = mkdtempSync(join(tmpdir(), 'xdr-pulse-faults-'))
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }))
  const file = await sampleIn(directory, SAMPLE)
  const state = join(directory, 'whole')
  const log = join(directory, 'strace.log')
  const injection = { paths: dataFiles(state), log }
  const run = { file, state, ...(missingTools(['strace']) === null ? { injection } : {}) }
  const { code, stderr } = await startReplay(run).ended
  assert.equal(code, 0, stderr)
  const whole = await readDurable(context, state)
  assert.ok(whole !== null)
  return { file, rows: SAMPLE.rows, whole, calls: existsSync(log) ? readCalls(log) : [] }
}

/** A replay to start. */
export interface ReplayRun {
  file: string
  state: string
  partitions?: number
  /** Further arguments of the command. */
  more?: readonly string[]
  /** Further options of Node.js. */
  node?: readonly string[]
  /** A fault of system calls. */
  injection?: Injection
  /** A program and its arguments that runs the command. */
  within?: readonly string[]
  env?: Readonly<Record<string, string>>
  /** The file for the reports of the ingest thread. */
  reports?: string
}

/** Starts `xdr-pulse replay`, which commits after each batch of rows. */
export function startReplay(run: ReplayRun): Running {
  const { file, state, partitions = 1, more = [], node = [], injection, within = [] } = run
  const own = ['--state', state, '--partitions', String(partitions), '--commit-interval', '1ms']
  const command = [process.execPath, ...node, CLI, 'replay', file, ...own, '--json', ...more]
  const [program, ...argv] = [
    ...within,
    ...(injection === undefined ? command : traced(injection, command)),
  ]
  const spying =
    run.reports === undefined ? {} : { NODE_OPTIONS: `--import=${SPY}`, KAFKA_SPY: run.reports }
  return start(program, argv, { env: { ...spying, ...run.env }, group: true })
}

/** Returns whether a command has ended by now. */
export function endOf(running: Running): () => boolean {
  let ended = false
  void running.ended.then(() => (ended = true))
  return () => ended
}

/** The data files of a state. */
export const dataFiles = (state: string, partitions = 1): string[] =>
  Array.from({ length: partitions }, (_, p) => dataFileOf(partitionDirectory(state, p)))

/** The rows that a process has reported as applied or rejected with a commit. */
export function reportedRows(reports: string): number {
  if (!existsSync(reports)) return 0
  const text = readFileSync(reports, 'utf8')
  const lines = text.slice(0, text.lastIndexOf('\n') + 1).split('\n')
  let [commits, rows] = [0, 0]
  for (const line of lines.filter((one) => one !== '')) {
    const { counters, dirtySubscribers } = JSON.parse(line) as IngestProgress
    // A report is made in the next turn after a commit: a batch may have been applied meanwhile.
    if (counters.commits <= commits || dirtySubscribers > 0) continue
    commits = counters.commits
    rows = counters.applied + Object.values(counters.rejected).reduce((sum, n) => sum + n, 0)
  }
  return rows
}

/** Rows of a state that are applied or rejected. */
export const storedRows = (found: Durable | null): number =>
  (found?.positions ?? []).reduce(
    (sum, { position }) => sum + position.applied + position.rejected,
    0,
  )

/** A state that replays of one file change, and what it held last. */
export interface Series {
  sample: Sample
  state: string
  partitions: number
  found: Durable | null
  processes: number
}

/** A new state in a directory of the row. */
export const createSeries = (
  { directory }: FaultContext,
  sample: Sample,
  name: string,
  partitions = 1,
): Series => ({
  ...{ sample, partitions, found: null, processes: 0 },
  state: join(directory, `state-${name}`),
})

/** The end of a replay, and what was stored then. */
export interface Ended extends Outcome {
  found: Durable | null
  /** Something was committed. */
  moved: boolean
  complete: boolean
}

/**
 * Runs a replay of a series to its end, which `disturb` may hasten; then checks I1, I4, I6, I10 and
 * I12.
 */
export async function runOf(
  context: FaultContext,
  series: Series,
  run: Partial<ReplayRun> = {},
  disturb: (running: Running) => Promise<void> | void = () => undefined,
): Promise<Ended> {
  const { sample, state, partitions } = series
  const reports = `${state}.reports-${series.processes++}`
  const running = startReplay({ file: sample.file, state, partitions, reports, ...run })
  try {
    await disturb(running)
  } catch (error) {
    running.kill()
    throw error
  }
  const outcome = await running.ended
  const found = await readDurable(context, state)
  const stored = storedRows(found)
  const reported = storedRows(series.found) + reportedRows(reports)
  assert.ok(
    stored >= reported,
    `I4: ${reported} rows were reported as durable, ${stored} are stored`,
  )
  assert.ok(stored <= sample.rows, 'I4: nothing beyond the end of the file is stored')
  context.held('I4')
  const moved = requireForward(context, positionsOf(series.found), positionsOf(found))
  requirePrivate(context, outcome)
  requireHonest(context, outcome, found, sample.rows)
  series.found = found
  return { ...outcome, found, moved, complete: stored === sample.rows }
}

/** Runs a series to its end without a fault, and checks I3 and I8. */
export async function finish(
  context: FaultContext,
  series: Series,
  more: readonly string[] = [],
): Promise<void> {
  const { code, stderr, found } = await runOf(context, series, { more })
  assert.equal(code, 0, stderr)
  requireSame(context, found, series.sample.whole)
}
