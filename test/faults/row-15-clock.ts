// Row 15: the clock of the machine jumps by a day, forwards and back, while a replay runs.
import assert from 'node:assert/strict'
import { renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { until } from '../until.ts'
import type { FaultRow } from './fault-row.ts'
import { createSeries, endOf, finish, makeSample, reportedRows, runOf } from './replaying.ts'
import { faketimeLibrary } from './tools.ts'

const PACE = ['--speed', '200000', '--commit-interval', '20ms']
const DAY_SECONDS = 86_400

/** Row 15. */
export const clockJumps: FaultRow = {
  number: 15,
  title: 'clock jumps by a day',
  how: 'libfaketime moves the wall clock of a paced, served replay forwards and back',
  holds: ['I1', 'I2', 'I3', 'I4', 'I6', 'I9', 'I10', 'I12'],
  needs: ['faketime'],
  reaches: ['a jump forwards between commits', 'a jump back between commits'],
  shortRounds: 1,
  async run(context) {
    const sample = await makeSample(context)
    for (const { number, random } of context.rounds()) {
      const series = createSeries(context, sample, String(number))
      const clock = join(context.directory, 'clock')
      const setClock = (seconds: number): void => {
        // Renamed into place, so that no process reads a part of it.
        writeFileSync(`${clock}.new`, `${seconds < 0 ? '' : '+'}${seconds}s\n`)
        renameSync(`${clock}.new`, clock)
      }
      setClock(0)
      const env = {
        LD_PRELOAD: faketimeLibrary() ?? '',
        FAKETIME_TIMESTAMP_FILE: clock,
        FAKETIME_NO_CACHE: '1',
        // The times of files, and the clock that only measures, stay those of the machine.
        FAKETIME_DONT_FAKE_MONOTONIC: '1',
        NO_FAKE_STAT: '1',
      }
      const reports = join(context.directory, `reports-${number}`)
      const run = { env, reports, more: PACE }
      const { code, complete, stderr } = await runOf(context, series, run, async (running) => {
        const ended = endOf(running)
        const forwards = Math.round(DAY_SECONDS * (0.5 + random()))
        for (const jump of [forwards, -forwards]) {
          const before = reportedRows(reports)
          await until('a commit', () => ended() || reportedRows(reports) > before)
          if (ended()) return
          setClock(jump)
          const now = reportedRows(reports)
          await until('a commit after the jump', () => ended() || reportedRows(reports) > now)
          if (ended() && reportedRows(reports) === now) return
          context.reached(`a jump ${jump > 0 ? 'forwards' : 'back'} between commits`)
        }
      })
      assert.equal(code, 0, stderr)
      assert.ok(complete, 'all rows are applied')
      context.held('I9')
      await finish(context, series, ['--speed', '1e9'])
    }
  },
}
