// History, then live: files and a topic that overlap give the state of one replay of all rows, also
// after crashes.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { literal, withDatabase } from '../../src/duckdb.ts'
import { seededRandom } from '../../src/random.ts'
import { needsKafka } from '../broker.ts'
import { uniqueName } from '../broker-operations.ts'
import { sampleIn } from '../consumers/files/samples.ts'
import { sharedBroker } from '../shared-broker.ts'
import { readBack, withDirectory } from '../state-directory.ts'
import { pulse, startPulse, type Outcome } from './command.ts'

const SEED = Number(process.env.XDR_PULSE_SEED ?? Date.now() % 1e9)
const ROWS = 40_000
/** A history of this size takes a tenth of a second: some kills come later. */
const ATTEMPTS = 20
const ANYWHERE = [
  [/live page/, 900],
  [/live page/, 900],
] as const
const SAMPLE = { rows: ROWS, subscribers: 3000, days: 9, dirt: 0 }

interface Scene {
  directory: string
  /** All rows, and those that start in the first two thirds of the time. */
  whole: string
  early: string
  /** The end of the first third of the time, at which the topic begins. */
  thirdMs: number
  reference: string
  kafka: string[]
}

/** A file whose first two thirds are the history, and whose last two thirds are in a topic. */
async function withScene(work: (scene: Scene) => Promise<void>): Promise<void> {
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
    await work({ directory, whole, early, thirdMs, reference: hash, kafka })
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

async function done(outcome: Promise<Outcome>): Promise<Outcome> {
  const ended = await outcome
  assert.equal(ended.code, 0, ended.stderr)
  return ended
}

const runWords = (scene: Scene, state: string, ...more: string[]): string[] => {
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
function reconciliationOf({ stdout }: Outcome): Record<string, Source> {
  const { sources } = JSON.parse(stdout) as { sources: Source[] }
  for (const { read, applied, excluded, rejected, gap } of sources) {
    assert.equal(gap, 0)
    assert.equal(read, applied + excluded + rejected)
  }
  return Object.fromEntries(sources.map((source) => [source.kind, source]))
}

/** The phase of a killed run at its last commit. */
async function phaseOf(state: string): Promise<string> {
  const { positions } = await readBack(state)
  if (positions.some(({ position }) => position.kind === 'topic')) return 'live'
  return positions.some(({ position }) => position.next > 0) ? 'history' : 'nothing'
}

/** Starts a run, and kills it `afterMs` after its output matches `sign`. */
async function killed(scene: Scene, state: string, sign: RegExp, afterMs: number): Promise<void> {
  const running = startPulse(runWords(scene, state, '--commit-interval', '10ms'))
  await running.prints(sign)
  await sleep(afterMs)
  running.process.kill('SIGKILL')
  await running.ended
}

/** A state that contains a part of the history after a kill. */
async function killedInHistory(scene: Scene, random: () => number): Promise<string> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const state = join(scene.directory, `killed-${attempt}`)
    await killed(scene, state, /early.parquet: /, random() * 150)
    if ((await phaseOf(state)) === 'history') return state
  }
  assert.fail(`none of ${ATTEMPTS} kills was during the history`)
}

describe('history, then live', needsKafka(), () => {
  test('rows of an overlap come from the files, or from --cutover on from the topic', async () => {
    await withScene(async (scene) => {
      const state = join(scene.directory, 'auto')
      const { file, topic } = reconciliationOf(
        await done(pulse(runWords(scene, state, '--until-caught-up', '--json'))),
      )
      assert.equal(file.excluded, 0)
      assert.ok(topic.excluded > ROWS / 6 && topic.applied > ROWS / 6)
      assert.equal(file.applied + topic.applied, ROWS)
      assert.equal((await readBack(state)).hash, scene.reference)

      const other = join(scene.directory, 'third')
      const cutover = ['--cutover', new Date(scene.thirdMs).toISOString()]
      const words = runWords(scene, other, '--until-caught-up', '--json', ...cutover)
      const sources = reconciliationOf(await done(pulse(words)))
      assert.ok(sources.file.excluded > ROWS / 6)
      assert.equal(sources.topic.excluded, 0)
      assert.equal((await readBack(other)).hash, scene.reference)

      const again = await pulse(runWords(scene, other, '--cutover', '2026-01-01', ...['--json']))
      assert.equal(again.code, 1)
      assert.match(again.stderr, /cut-over at .* leave it out/)
    })
  })

  test(`a run continues after a crash in either phase (seed ${SEED})`, async () => {
    await withScene(async (scene) => {
      const random = seededRandom(SEED)
      const state = await killedInHistory(scene, random)
      // The next run is killed when rows of the topic are read, the others at any time.
      for (const [sign, mostMs] of [[/history-\w+: /, 20], ...ANYWHERE] as const) {
        await killed(scene, state, sign, random() * mostMs)
      }
      assert.equal(await phaseOf(state), 'live')
      const last = await done(pulse(runWords(scene, state, '--until-caught-up', '--json')))
      const { file, topic } = reconciliationOf(last)
      assert.equal(file.applied + topic.applied, ROWS)
      assert.equal((await readBack(state)).hash, scene.reference)
    })
  })
})
