// Threads and promises failed, or never ended, while nothing awaited them.
import { AUTO_UNITS, PLAIN_UNITS } from '../../src/record/source-units.ts'
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { inspect } from 'node:util'
import type { Worker } from 'node:worker_threads'
import { withDatabase } from '../../src/duckdb.ts'
import { readInFileOrder } from '../../src/parquet/rows.ts'
import { RAW_COLUMN } from '../../src/parquet/sql/rows.ts'
import { startPipeline } from '../../src/process/pipeline.ts'
import { startSnapshots } from '../../src/process/snapshot-thread.ts'
import { createLog } from '../../src/log.ts'
import { MONTH_FIRST, replay, STATE } from '../consumers/files/replaying.ts'
import { ROOT } from '../source-tree.ts'
import { OPTIONS } from '../snapshot/subscribers.ts'
import { withDirectory } from '../state-directory.ts'
import { until } from '../until.ts'

test('a request to an ended snapshot thread is rejected immediately', async () => {
  const thread = startSnapshots({ stateDirectory: '/nowhere', options: OPTIONS })
  await thread.end()
  await assert.rejects(thread.snapshot(), /has ended/)
})

// Node.js raises an unhandled rejection before the next turn of the event loop; it fails the test.
test('a replay that fails before its end is awaited rejects when it is awaited', async () => {
  await withDirectory(async (directory) => {
    const options = {
      files: [join(directory, 'missing.parquet')],
      stateDirectory: directory,
      state: STATE,
      units: AUTO_UNITS,
      speed: 'max',
      threads: 1,
      commitIntervalMs: 1000,
      keepRejected: 0,
    } as const
    const pipeline = startPipeline(
      { job: { type: 'replay', options }, snapshot: OPTIONS, snapshotIntervalMs: 1000 },
      createLog('silent', false, () => undefined),
    )
    await until('the failure', () => inspect(pipeline.ended).includes('<rejected>'))
    await turn()
    await assert.rejects(pipeline.ended, { code: 'input-missing' })
    await pipeline.close()
  })
})

test('unreadable rows are reported after the rows before them are consumed', () =>
  withDatabase({ threads: 1, memoryMiB: 64 }, async (database) => {
    const columns = Array.from({ length: RAW_COLUMN }, () => '1::DOUBLE').join(', ')
    const whole = await database.stream(`SELECT ${columns}, NULL::VARCHAR`)
    const chunks = [whole.fetchChunk()]
    const fetchChunk = () => chunks.shift() ?? Promise.reject(new Error('a bad page'))
    const { columnCount } = whole
    const columnTypeId = (at: number) => whole.columnTypeId(at)
    const damaged = { columnCount, columnTypeId, fetchChunk }
    const connection = { stream: () => Promise.resolve(damaged) }
    const read = { data: 'a.parquet', rowColumn: 'file_row_number', rows: 2, malformed: 0 }
    const file = { path: 'a.parquet', columns: new Map(), types: new Map(), nested: [], ...read }
    const readable = { file, reading: { ...PLAIN_UNITS, timeZone: 'UTC' } }
    const rows = readInFileOrder(connection as never, readable as never, 0, 0)
    assert.equal((await rows.next()).done, false)
    await turn()
    await assert.rejects(rows.next(), { code: 'input-invalid', message: /a bad page/ })
  }))

// LMDB's binding aborts the whole process if a thread is terminated inside it; a terminated thread
// exits with code 1.
test('a look-up thread ends by itself, and pending look-ups are rejected', () =>
  withDirectory(async (stateDirectory) => {
    const file = join(ROOT, 'test/fixtures/parquet/duckdb-snappy.parquet')
    await replay([file], stateDirectory, MONTH_FIRST)
    const codes: unknown[] = []
    const note = (worker: Worker): void => void worker.on('exit', (code) => codes.push(code))
    process.on('worker', note)
    for (let round = 0; round < 3; round++) {
      const thread = startSnapshots({ stateDirectory, options: OPTIONS })
      const taken = await thread.snapshot()
      assert.ok(taken)
      const asked = Array.from({ length: 500 }, () => thread.lookup(1))
      const answers = Promise.allSettled(asked)
      await asked[0]
      await thread.end()
      const last = (await answers).at(-1)
      assert.ok(last?.status === 'rejected' && /has ended/.test(String(last.reason)))
    }
    process.off('worker', note)
    assert.deepEqual(codes, [0, 0, 0])
  }))
