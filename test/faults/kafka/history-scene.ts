// Files and a topic that overlap, and runs over both that are killed.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { literal, withDatabase } from '../../../src/duckdb.ts'
import { uniqueName } from '../../broker-operations.ts'
import { sampleIn } from '../../consumers/files/samples.ts'
import { pulse, startPulse, type Outcome } from '../../e2e/command.ts'
import { sharedBroker } from '../../shared-broker.ts'
import { readBack, withDirectory } from '../../state-directory.ts'
import { killAfter } from '../kill-after.ts'

/** Rows of the whole file. */
export const ROWS = 40_000
/** A history of this size takes a tenth of a second: some kills come later. */
const ATTEMPTS = 20
/** Killed runs have one thread, two, three, one … */
const MOST_THREADS = 3
const SAMPLE = { rows: ROWS, subscribers: 3000, days: 9, dirt: 0 }

/** Files and a topic that overlap. */
export interface Scene {
  directory: string
  /** All rows, and those that start in the first two thirds of the time. */
  whole: string
  early: string
  /** The end of the first third of the time, at which the topic begins. */
  thirdMs: number
  reference: string
  kafka: string[]
  /** Runs that were killed: the next one has another number of threads. */
  kills: number
}

/** A file whose first two thirds are the history, and whose last two thirds are in a topic. */
export async function withScene(work: (scene: Scene) => Promise<void>): Promise<void> {
  await withDirectory(async (directory) => {
    const whole = await sampleIn(directory, SAMPLE)
    const { early, late, thirdMs } = await split(whole, directory)
    const { bootstrap } = await sharedBroker()
    const topic = uniqueName('history')
    const kafka = ['--kafka', bootstrap.join(','), '--topic', topic]
    const more = ['--partitions', '3', '--create-topic']
    await done(pulse(['produce', late, ...kafka, ...more]))
    const reference = join(directory, 'reference')
    await done(pulse(['replay', whole, '--state', reference, '--partitions', '3']))
    const { hash } = await readBack(reference)
    await work({ directory, whole, early, thirdMs, reference: hash, kafka, kills: 0 })
  })
}

async function split(whole: string, directory: string) {
  const [early, late] = [join(directory, 'early.parquet'), join(directory, 'late.parquet')]
  const rows = `read_parquet(${literal(whole)})`
  let thirdMs = 0
  await withDatabase({ threads: 1, memoryMiB: 512 }, async (connection) => {
    const start = `epoch_ms(strptime("Start", '%-m/%-d/%Y %-H:%M'))`
    const sql = `SELECT min(${start})::DOUBLE, max(${start})::DOUBLE FROM ${rows}`
    const [[from, to]] = (await connection.runAndReadAll(sql)).getRows() as [[number, number]]
    thirdMs = Math.floor(from + (to - from) / 3)
    const twoThirds = Math.floor(from + ((to - from) * 2) / 3)
    const write = (where: string, path: string) =>
      connection.run(
        `COPY (SELECT * FROM ${rows} WHERE ${where}) TO ${literal(path)} (FORMAT parquet)`,
      )
    await write(`${start} < ${twoThirds}`, early)
    await write(`${start} >= ${thirdMs}`, late)
  })
  return { early, late, thirdMs }
}

/** The outcome of a command that has to succeed. */
export async function done(outcome: Promise<Outcome>): Promise<Outcome> {
  const ended = await outcome
  assert.equal(ended.code, 0, ended.stderr)
  return ended
}

/** The arguments of a run with history. */
export const runWords = (scene: Scene, state: string, ...more: string[]): string[] => {
  const { early, kafka } = scene
  const group = ['--group', state.replaceAll(/\W/g, '-').slice(-60)]
  return ['run', ...kafka, ...group, '--state', state, '--history', early, '--port', '0', ...more]
}

interface Source {
  kind: string
  read: number
  applied: number
  excluded: number
  rejected: number
  gap: number
}

/** The reconciliation of a complete run; asserts that that of every source is consistent. */
export function reconciliationOf({ stdout }: Outcome): Record<string, Source> {
  const { sources } = JSON.parse(stdout) as { sources: Source[] }
  for (const { read, applied, excluded, rejected, gap } of sources) {
    assert.equal(gap, 0)
    assert.equal(read, applied + excluded + rejected)
  }
  return Object.fromEntries(sources.map((source) => [source.kind, source]))
}

/** The phase of a killed run at its last commit. */
export async function phaseOf(state: string): Promise<string> {
  const { positions } = await readBack(state)
  if (positions.some(({ position }) => position.kind === 'topic')) return 'live'
  return positions.some(({ position }) => position.next > 0) ? 'history' : 'nothing'
}

/** Starts a run, and kills it `afterMs` after its output matches `sign`. */
export async function killed(
  scene: Scene,
  state: string,
  sign: RegExp,
  afterMs: number,
): Promise<void> {
  const threads = String(1 + (scene.kills++ % MOST_THREADS))
  const more = ['--commit-interval', '10ms', '--threads', threads]
  const running = startPulse(runWords(scene, state, ...more))
  await running.prints(sign)
  await killAfter(running, afterMs)
  await running.ended
}

/** A state that contains a part of the history after a kill. */
export async function killedInHistory(scene: Scene, random: () => number): Promise<string> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const state = join(scene.directory, `killed-${attempt}`)
    await killed(scene, state, /early.parquet: /, random() * 150)
    if ((await phaseOf(state)) === 'history') return state
  }
  assert.fail(`none of ${ATTEMPTS} kills was during the history`)
}
