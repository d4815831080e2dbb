// Row 19: SIGTERM under load, once and twice.
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { until } from '../until.ts'
import type { FaultRow } from './fault-row.ts'
import { createSeries, finish, makeSample, reportedRows, runOf } from './replaying.ts'

const SERVED = ['--serve', '--port', '0', '--snapshot-interval', '1ms']
const PACED = ['--speed', '100000', '--commit-interval', '20ms']

/** Row 19. */
export const signals: FaultRow = {
  number: 19,
  title: 'SIGTERM under load, twice',
  how: 'signals to a paced, served replay, which takes snapshots without a pause',
  holds: ['I1', 'I2', 'I3', 'I4', 'I6', 'I9', 'I10', 'I12'],
  also: 'the first drains and exits with 143, the second ends at once',
  needs: [],
  reaches: ['one signal', 'two signals'],
  shortRounds: 1,
  async run(context) {
    const sample = await makeSample(context)
    for (const { number } of context.rounds()) {
      const series = createSeries(context, sample, String(number))
      for (const count of [1, 2]) {
        const reports = join(context.directory, `reports-${number}-${count}`)
        const run = { reports, more: [...PACED, ...SERVED] }
        const { code, signal, stderr, complete } = await runOf(context, series, run, async (r) => {
          let ended = false
          void r.ended.then(() => (ended = true))
          await until('a commit', () => ended || reportedRows(reports) > 0)
          for (let i = 0; i < count; i++) r.process.kill('SIGTERM')
        })
        if (signal === null) assert.equal(code, 143, stderr)
        else assert.equal(signal, 'SIGTERM')
        if (count === 1) {
          assert.equal(signal, null, 'the first signal drains')
          assert.ok(!existsSync(join(series.state, 'writer.lock')), 'the directory is unlocked')
          assert.doesNotMatch(stderr, /"level":[56]0/)
        }
        if (!complete) context.reached(count === 1 ? 'one signal' : 'two signals')
        context.held('I9')
      }
      await finish(context, series, ['--speed', '1e9'])
    }
  },
}
