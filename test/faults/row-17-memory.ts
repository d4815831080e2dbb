// Row 17: a process that runs out of memory, and one that is blocked.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import type { Random } from '../../src/random.ts'
import { until } from '../until.ts'
import type { FaultContext, FaultRow } from './fault-row.ts'
import { createSeries, finish, makeSample, reportedRows, runOf, type Series } from './replaying.ts'

/** Of Node.js; from too little to begin to nearly enough for snapshots. */
const LEAST_MIB = 8
const MOST_MIB = 22
const PROBE_MS = 1000
const PACE = ['--speed', '100000', '--commit-interval', '20ms', '--serve', '--port', '0']
const OFTEN = ['--snapshot-interval', '1ms']

/** Replays with a small heap, until it ends or half of the rows are durable. */
async function smallHeap(context: FaultContext, series: Series, random: Random): Promise<void> {
  // Every other process has too little for its start.
  const most = series.processes % 2 === 0 ? LEAST_MIB + 2 : MOST_MIB
  const mib = Math.round(LEAST_MIB + random() * (most - LEAST_MIB))
  const reports = `${series.state}.heap-${series.processes}`
  const run = { node: [`--max-old-space-size=${mib}`], reports, more: [...PACE, ...OFTEN] }
  const { stderr, moved } = await runOf(context, series, run, async (running) => {
    let ended = false
    void running.ended.then(() => (ended = true))
    const half = (): boolean => reportedRows(reports) > series.sample.rows / 2
    await until('an end, or half of the rows', () => ended || half())
    running.kill()
  })
  if (!/out of memory/i.test(stderr)) context.reached('enough memory')
  else context.reached(moved ? 'out of memory after a commit' : 'out of memory')
}

/** Stops all threads, as a busy loop or a machine that swaps does. */
async function block(context: FaultContext, series: Series): Promise<void> {
  const reports = join(context.directory, `${series.processes}-reports`)
  const { signal } = await runOf(context, series, { more: PACE, reports }, async (running) => {
    const [, url] = await running.prints(/at (http:\S+?)["\s]/)
    const probe = (): Promise<number> =>
      fetch(`${url}/readyz`, { signal: AbortSignal.timeout(PROBE_MS) }).then(
        ({ status }) => status,
        () => 0,
      )
    await until('ready', async () => (await probe()) === 200)
    running.process.kill('SIGSTOP')
    const blocked = await until('no answer', probe, (status) => status !== 200)
    assert.equal(blocked, 0, 'a blocked process is not ready')
    context.reached('blocked')
    running.process.kill('SIGCONT')
    const before = reportedRows(reports)
    await until('ready again', async () => (await probe()) === 200)
    await until('more rows', () => reportedRows(reports) > before || reportedRows(reports) > 40_000)
    context.held('I9')
    running.kill()
  })
  assert.equal(signal, 'SIGKILL')
}

/** Row 17. */
export const memoryAndBlock: FaultRow = {
  number: 17,
  title: 'out of memory; process blocked',
  how: 'a heap of 8 to 22 MiB; SIGSTOP, and SIGCONT later',
  holds: ['I1', 'I2', 'I3', 'I4', 'I6', 'I9', 'I10', 'I12'],
  also: 'a probe of a blocked process gets no answer, and it continues afterwards',
  needs: [],
  reaches: ['out of memory', 'blocked'],
  shortRounds: 1,
  async run(context) {
    const sample = await makeSample(context)
    for (const { number, random } of context.rounds()) {
      const series = createSeries(context, sample, String(number))
      for (let i = 0; i < 2; i++) await smallHeap(context, series, random)
      await finish(context, series, ['--speed', '1e9'])
      const paced = createSeries(context, sample, `${number}-paced`)
      await block(context, paced)
      await finish(context, paced, ['--speed', '1e9'])
    }
  },
}
