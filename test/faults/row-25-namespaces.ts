// Row 25: a second writer of a state, in another PID namespace of a machine with the same host name.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { until } from '../until.ts'
import type { FaultRow } from './fault-row.ts'
import { createSeries, finish, makeSample, reportedRows, runOf, startReplay } from './replaying.ts'

const PACE = ['--speed', '20000', '--commit-interval', '20ms']
const IN_NAMESPACE = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc']

/** Row 25. */
export const otherNamespace: FaultRow = {
  number: 25,
  title: 'second writer in another PID namespace, with the same host name',
  how: 'unshare --pid: one writer inside and one outside; the first is killed, and the second starts again',
  holds: ['I1', 'I2', 'I3', 'I4', 'I6', 'I10', 'I12', 'I13'],
  also: 'the second is refused while the first runs, and continues after the heartbeat has ended',
  needs: ['unshare'],
  reaches: ['refused outside', 'refused inside', 'taken over'],
  shortRounds: 1,
  async run(context) {
    const sample = await makeSample(context)
    for (const { number } of context.rounds()) {
      for (const where of ['inside', 'outside'] as const) {
        const series = createSeries(context, sample, `${number}-${where}`)
        const { file, state } = { file: sample.file, state: series.state }
        const within = where === 'inside' ? { within: IN_NAMESPACE } : {}
        const other = where === 'inside' ? {} : { within: IN_NAMESPACE }
        const reports = join(context.directory, `reports-${number}-${where}`)
        await runOf(context, series, { reports, more: PACE, ...within }, async (running) => {
          await until('a commit', () => reportedRows(reports) > 0)
          const second = await startReplay({ file, state, more: PACE, ...other }).ended
          assert.equal(second.code, 1, second.stderr)
          assert.match(second.stderr, /xdr-pulse: .*(lock|another (process|container|machine))/)
          context.reached(`refused ${where === 'inside' ? 'outside' : 'inside'}`)
          const before = reportedRows(reports)
          await until('more rows of the first', () => reportedRows(reports) > before)
          context.held('I13')
          running.kill()
        })
        if (where === 'outside') continue
        // Its processes cannot be seen from here: the lock is taken over when its heartbeat ends.
        await finish(context, series, ['--speed', '1e9'])
        context.reached('taken over')
      }
    }
  },
}
