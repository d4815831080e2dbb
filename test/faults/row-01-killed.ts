// Row 1: a process that is killed, at named points of a commit and at random moments.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import type { Random } from '../../src/random.ts'
import type { Running } from '../e2e/command.ts'
import { until } from '../until.ts'
import type { FaultContext, FaultRow } from './fault-row.ts'
import { killAfter } from './kill-after.ts'
import { createSeries, dataFiles, finish, makeSample, runOf, type Series } from './replaying.ts'
import { isMetaWrite, isPageWrite, ordinalsOf, readCalls, type Call } from './strace.ts'

/** Named points: the call at which the process is killed, and how its last call is recognised. */
const POINTS = {
  'between flush and meta page': { call: 'pwrite64', is: isMetaWrite },
  'between write and flush': { call: 'fdatasync', is: ({ name }: Call) => name === 'fdatasync' },
  'before the pages of a commit': { call: 'writev', is: isPageWrite },
  'while it checks the file': { call: 'pread64', is: ({ name }: Call) => name === 'pread64' },
} as const

/** A replay that makes other calls than the sample is killed elsewhere: then it is tried again. */
const ATTEMPTS = 5

/** Of a state that exists, one of the first calls is chosen: the replay is not to end before. */
const FIRST_CALLS = 5
/** A replay that is not killed takes about this long. */
const LONGEST_MS = 1200

type Point = keyof typeof POINTS

/** Kills a replay at a call; the log then shows at which point of a commit it was, if at any. */
async function killAtCall(
  context: FaultContext,
  series: Series,
  { call, is }: (typeof POINTS)[Point],
  random: Random,
): Promise<Point | undefined> {
  const { calls } = series.sample
  const [first] = ordinalsOf(calls, call, is)
  // A new state is made by the same calls each time: there the exact one is known.
  const when = series.found === null ? ordinalsOf(calls, call, is) : undefined
  const chosen =
    when?.[Math.floor(random() * when.length)] ?? 1 + Math.floor(random() * FIRST_CALLS)
  assert.ok(first > 0 || series.found !== null, `a replay makes calls of ${call}`)
  const log = join(context.directory, 'strace.log')
  const paths = dataFiles(series.state, series.partitions)
  const injection = { paths, log, inject: `${call}:signal=SIGKILL:when=${chosen}` }
  const { signal } = await runOf(context, series, { injection })
  if (signal === null) return undefined
  const last = readCalls(log).at(-1)
  assert.ok(last !== undefined)
  const point = (Object.keys(POINTS) as Point[]).find((name) => POINTS[name].is(last))
  if (point !== undefined) context.reached(point)
  return point
}

/** Kills replays until one was killed at the point. */
async function killAtPoint(context: FaultContext, series: Series, point: Point, random: Random) {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if ((await killAtCall(context, series, POINTS[point], random)) === point) return
  }
}

/** Kills a replay at a random moment. */
async function killAtRandom(context: FaultContext, series: Series, random: Random) {
  const { signal, moved, complete } = await runOf(context, series, {}, (running) =>
    killAfter(running, random() * LONGEST_MS),
  )
  if (signal === null) context.reached('after the last row')
  else if (!moved) context.reached('before its first commit')
  else if (!complete) context.reached('between its commits')
}

/** Reading in the order of time, so that snapshots are taken while rows arrive. */
const PACED = ['--speed', '100000', '--commit-interval', '50ms']

/** Kills a replay that takes snapshots without a pause. */
async function killInSnapshots(context: FaultContext, series: Series, random: Random) {
  const serving = ['--serve', '--port', '0', '--snapshot-interval', '1ms']
  const begun = async (running: Running): Promise<void> => {
    const [, url] = await running.prints(/at (http:\S+?)["\s]/)
    const isReady = async (): Promise<boolean> => (await fetch(`${url}/readyz`)).status === 200
    await until('a snapshot', isReady)
    await killAfter(running, random() * 200)
  }
  const { signal } = await runOf(context, series, { more: [...PACED, ...serving] }, begun)
  if (signal === 'SIGKILL') context.reached('during snapshots')
}

/** Row 1. */
export const killed: FaultRow = {
  number: 1,
  title: 'process killed',
  how: 'SIGKILL at a chosen system call of a commit (strace), during snapshots, and at random moments',
  holds: ['I1', 'I2', 'I3', 'I4', 'I6', 'I10', 'I12'],
  needs: ['strace'],
  reaches: [...Object.keys(POINTS), 'during snapshots'],
  shortRounds: 1,
  async run(context) {
    const sample = await makeSample(context)
    for (const { number, random } of context.rounds()) {
      const series = createSeries(context, sample, String(number), number % 2 === 0 ? 1 : 3)
      for (const point of Object.keys(POINTS) as Point[]) {
        await killAtPoint(context, series, point, random)
      }
      await killAtRandom(context, series, random)
      await finish(context, series)
      const paced = createSeries(context, sample, `${number}-paced`)
      await killInSnapshots(context, paced, random)
      await finish(context, paced, ['--speed', '1e9'])
    }
  },
}
