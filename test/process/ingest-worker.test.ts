// The reports of the ingest thread.
import { AUTO_UNITS } from '../../src/record/source-units.ts'
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import type { IngestProgress } from '../../consumers/ingest/progress.ts'
import { startIngest } from '../../src/process/ingest-thread.ts'
import { OPTIONS } from '../state/stores.ts'
import { withDirectory } from '../state-directory.ts'
import { sampleIn } from '../consumers/files/samples.ts'

test('each commit is reported immediately, and the end last', () =>
  withDirectory(async (directory) => {
    const stateDirectory = join(directory, 'state')
    const files = [await sampleIn(directory, { rows: 20_000 })]
    const pace = { speed: 'max' as const, commitIntervalMs: 0, keepRejected: 10, threads: 1 }
    const reports: IngestProgress[] = []
    const options = { files, stateDirectory, state: OPTIONS, units: AUTO_UNITS, ...pace }
    const { ended } = startIngest({ type: 'replay', options }, (now) => reports.push(now))
    const { counters } = await ended
    const commits = new Set(reports.map((progress) => progress.counters.commits))
    assert.ok(counters.commits > 5, `${counters.commits} commits`)
    // Two may come within one turn of the event loop.
    assert.ok(commits.size > counters.commits / 2, [...commits].join(' '))
    assert.deepEqual(
      reports.map(({ done }) => done),
      reports.map((_, at) => at === reports.length - 1),
    )
  }))
