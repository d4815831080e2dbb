// Row 26: the source file is replaced, grows, or is cut off while it is read.
import assert from 'node:assert/strict'
import {
  appendFileSync,
  copyFileSync,
  readFileSync,
  renameSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { until } from '../until.ts'
import type { FaultRow } from './fault-row.ts'
import { createSeries, finish, makeSample, reportedRows, runOf, storedRows } from './replaying.ts'

const PACE = ['--speed', '60000', '--commit-interval', '20ms']

/** What happens to the file at a path; each leaves it readable as far as its size allows. */
const CHANGES: Readonly<Record<string, (path: string) => void>> = {
  replaced(path) {
    copyFileSync(path, `${path}.new`)
    renameSync(`${path}.new`, path)
  },
  grown: (path) => appendFileSync(path, 'more'),
  'cut off': (path) => truncateSync(path, 5000),
  'written to'(path) {
    const bytes = readFileSync(path)
    bytes[bytes.length >> 1] ^= 1
    writeFileSync(path, bytes)
  },
}

/** Row 26. */
export const sourceChanges: FaultRow = {
  number: 26,
  title: 'source file replaced, grown or cut off while it is read',
  how: 'mv, append, truncate and a write of one bit during a paced replay; afterwards the file is restored',
  holds: ['I1', 'I2', 'I3', 'I4', 'I6', 'I9', 'I10', 'I12'],
  also: 'the run ends with a sentence that names how many rows of the former content are applied',
  needs: [],
  reaches: Object.keys(CHANGES),
  shortRounds: 4,
  async run(context) {
    const sample = await makeSample(context)
    for (const { number } of context.rounds()) {
      const names = Object.keys(CHANGES)
      const change = names[number % names.length]
      const file = join(context.directory, 'source.parquet')
      const kept = join(context.directory, 'kept.parquet')
      copyFileSync(sample.file, kept)
      copyFileSync(kept, file)
      const series = createSeries(context, { ...sample, file }, String(number))
      const reports = join(context.directory, `reports-${number}`)
      const run = { reports, more: PACE }
      const { code, stderr, found, complete } = await runOf(
        context,
        series,
        run,
        async (running) => {
          let ended = false
          void running.ended.then(() => (ended = true))
          await until('a commit', () => ended || reportedRows(reports) > 0)
          CHANGES[change](file)
        },
      )
      assert.equal(code, 1, stderr)
      const [, rows] = /the first (\d+) rows of its former content are applied/.exec(stderr) ?? []
      assert.equal(Number(rows), storedRows(found), `the error names the stored rows: ${stderr}`)
      assert.ok(!complete, 'the last position is not committed')
      context.reached(change)
      context.held('I9')
      // Its content counts, wherever it is.
      renameSync(kept, file)
      await finish(context, series, ['--speed', '1e9'])
    }
  },
}
