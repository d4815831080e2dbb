// Replays of files that were replayed before, partly or completely, in the same order or another.
import assert from 'node:assert/strict'
import { copyFileSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { openFile } from '../../../src/parquet/files.ts'
import type { Replay } from '../../../consumers/files/replay.ts'
import { withDatabase } from '../../../src/duckdb.ts'
import { PulseError, type ErrorCode } from '../../../src/errors.ts'
import { openStateToRead, readRejected } from '../../../state/read.ts'
import { readBack, withDirectory } from '../../state-directory.ts'
import { replay } from './replaying.ts'
import { cutFile, sampleIn, SMALL } from './samples.ts'

const FIXTURES = join(import.meta.dirname, '../../fixtures/parquet')
const stopAtOnce = (running: Replay): void => running.stop()
const isTrouble = (code: ErrorCode, sentence: RegExp) => (error: unknown) => {
  assert.ok(error instanceof PulseError, String(error))
  assert.equal(error.code, code)
  assert.match(error.message, sentence)
  return true
}

for (const speed of ['max', 1e15] as const) {
  test(`a file replayed again at speed ${speed} applies nothing`, () =>
    withDirectory(async (directory) => {
      const file = await sampleIn(directory)
      const state = join(directory, 'state')
      const first = await replay([file], state)
      assert.equal(first.counters.duplicate, 0)
      const { hash } = await readBack(state)
      const again = await replay([file], state, { speed })
      assert.equal(again.done, true)
      assert.equal(again.counters.applied, 0)
      assert.equal(again.counters.duplicate, SMALL.rows)
      assert.equal(again.counters.rows, again.totalRows)
      assert.equal(again.counters.commits, 0)
      assert.equal((await readBack(state)).hash, hash)
    }))
}

test('the bytes read of a whole file are its size, for any number of batches', () =>
  withDirectory(async (directory) => {
    const file = await sampleIn(directory, { rows: 61_001, subscribers: 300 })
    const { counters } = await replay([file], join(directory, 'state'))
    assert.equal(counters.consumedBytes, statSync(file).size)
  }))

test('a copy of a file under another name is the same source', () =>
  withDirectory(async (directory) => {
    const file = await sampleIn(directory)
    const copy = join(directory, 'another name.parquet')
    copyFileSync(file, copy)
    const state = join(directory, 'state')
    const both = await replay([file, copy], state)
    assert.equal(both.totalRows, SMALL.rows)
    assert.equal(both.sources.length, 1)
    const { hash } = await readBack(state)
    const again = await replay([copy], state)
    assert.equal(again.counters.duplicate, SMALL.rows)
    assert.equal((await readBack(state)).hash, hash)
  }))

test('files that differ only in their values are two sources', () =>
  withDirectory(async (directory) => {
    const original = readFileSync(join(FIXTURES, 'parquetjs-v1.parquet'))
    const footer = original.length - 8 - original.readUInt32LE(original.length - 8)
    const files = [0, 1].map((n) => join(directory, `${n}.parquet`))
    writeFileSync(files[0], original)
    // A bit of the body: footer, statistics and size stay as they were.
    original[footer - 3] ^= 1
    writeFileSync(files[1], original)
    const ids = await withDatabase({ threads: 1, memoryMiB: 256 }, async (connection) => [
      await openFile(connection, files[0]),
      await openFile(connection, files[1]),
    ])
    assert.notEqual(ids[0].id, ids[1].id)
    assert.equal(ids[0].bytes, ids[1].bytes)
  }))

test('a stopped replay reports it, and the next one continues where it ended', () =>
  withDirectory(async (directory) => {
    const file = await sampleIn(directory)
    const state = join(directory, 'state')
    const first = await replay([file], state, {}, stopAtOnce)
    assert.equal(first.done, false)
    assert.equal(first.state, 'draining')
    const read = first.counters.rows
    assert.ok(read > 0 && read < SMALL.rows)
    const [{ position }] = (await readBack(state)).positions
    assert.equal(position.next, read)
    assert.equal(position.applied + position.rejected, read)
    const second = await replay([file], state)
    assert.equal(second.done, true)
    assert.equal(second.counters.duplicate, read)
    assert.equal(second.counters.rows, SMALL.rows)
    const whole = join(directory, 'whole')
    await replay([file], whole)
    assert.equal((await readBack(state)).hash, (await readBack(whole)).hash)
  }))

test('a file begun in order of time is finished in order of time, at any speed', () =>
  withDirectory(async (directory) => {
    const file = await sampleIn(directory)
    const state = join(directory, 'state')
    const stopSoon = (running: Replay): void => {
      if (running.progress().counters.rows > 0) running.stop()
      else setImmediate(stopSoon, running)
    }
    const begun = await replay([file], state, { speed: 1e15 }, stopSoon)
    assert.equal(begun.done, false)
    assert.equal((await readBack(state)).positions[0].position.order, 'time')
    const ended = await replay([file], state, { speed: 'max' })
    assert.equal(ended.counters.rows, SMALL.rows)
    assert.ok(ended.eventTimeMs !== null, 'event time is reported only in order of time')
    const whole = join(directory, 'whole')
    await replay([file], whole)
    assert.equal((await readBack(state)).hash, (await readBack(whole)).hash)
  }))

test('a file begun in its own order cannot be finished in order of time', () =>
  withDirectory(async (directory) => {
    const file = await sampleIn(directory)
    const state = join(directory, 'state')
    await replay([file], state, {}, stopAtOnce)
    const { hash } = await readBack(state)
    const rejection = isTrouble('state-options', /begun in the order of their rows.*--speed max/)
    await assert.rejects(replay([file], state, { speed: 60 }), rejection)
    assert.equal((await readBack(state)).hash, hash)
    assert.equal(existsSync(join(state, 'writer.lock')), false)
    assert.equal((await replay([file], state)).done, true)
  }))

test('files, directories and globs name the same files', () =>
  withDirectory(async (directory) => {
    const file = await sampleIn(directory)
    const parts = join(directory, 'parts')
    mkdirSync(parts)
    const files = await cutFile(file, [1000, 4000], parts)
    const hashes = await Promise.all(
      [files, [parts], [join(parts, 'part-*.parquet')], [parts, ...files]].map(async (names, n) => {
        const state = join(directory, `state-${n}`)
        const progress = await replay(names, state, { units: { durationUnit: 's' } })
        assert.equal(progress.sources.length, 3)
        return (await readBack(state)).hash
      }),
    )
    assert.equal(new Set(hashes).size, 1)
  }))

test('a path without files is refused by its name, and no state is created', () =>
  withDirectory(async (directory) => {
    const state = join(directory, 'state')
    const absent = join(directory, 'absent')
    for (const pattern of [`${absent}.parquet`, `${absent}*.parquet`, directory]) {
      await assert.rejects(replay([pattern], state), (error) => {
        assert.ok(error instanceof PulseError)
        assert.equal(error.code, 'input-missing')
        assert.ok(error.message.startsWith(`${pattern}: `))
        return true
      })
    }
    assert.equal(existsSync(state), false)
  }))

test('what a directory holds and was not read is reported with its reason', () =>
  withDirectory(async (directory) => {
    const input = join(directory, 'input')
    mkdirSync(join(input, '_temporary'), { recursive: true })
    const file = await sampleIn(input)
    copyFileSync(file, join(input, '_temporary', 'part.parquet'))
    copyFileSync(file, join(input, 'z-copy'))
    writeFileSync(join(input, 'notes.txt'), 'x')
    const { skipped, warnings, counters } = await replay([input], join(directory, 'state'))
    assert.equal(counters.rows, SMALL.rows)
    assert.deepEqual(skipped, [
      { path: join(input, '_temporary'), reason: 'hidden-name' },
      { path: join(input, 'notes.txt'), reason: 'other-format' },
      { path: join(input, 'z-copy'), reason: 'same-content' },
    ])
    assert.deepEqual(
      warnings.map(({ message }) => message.replace(/ \(1\): .*/, '')),
      [
        'not read, name begins with . or _',
        'not read, neither Parquet nor CSV',
        'not read, same content as another file',
      ],
    )
  }))

test('rejected rows are kept with their reason and raw values, up to the bound', () =>
  withDirectory(async (directory) => {
    const file = await sampleIn(directory)
    const kept = async (keepRejected: number) => {
      const state = join(directory, `state-${keepRejected}`)
      await replay([file], state, { keepRejected })
      const found = await readBack(state)
      const reading = openStateToRead(state)
      const rows = readRejected(reading, 1e6)
      await reading.close()
      return { rows, rejected: found.rejected, source: found.positions[0].source }
    }
    const { rows, rejected, source } = await kept(1e6)
    const counts: Record<string, number> = {}
    for (const { reason } of rows) counts[reason] = (counts[reason] ?? 0) + 1
    assert.deepEqual(counts, rejected)
    assert.ok(rows.every((row) => row.source === source))
    const raw = rows.map((row) => JSON.parse(row.raw) as (string | null)[])
    assert.ok(raw.every((values) => values.length === 23))
    const footer = rows.findIndex(({ reason }) => reason === 'footer')
    assert.equal(rows[footer].row, SMALL.rows - 1)
    assert.deepEqual(raw[footer].slice(0, 3), [null, null, null])
    const few = await kept(10)
    assert.deepEqual(few.rows, rows.slice(0, 10))
    assert.deepEqual(few.rejected, rejected)
  }))

test('a paused replay applies no row until it is resumed', () =>
  withDirectory(async (directory) => {
    const file = await sampleIn(directory)
    let whilePaused = Promise.resolve(NaN)
    const progress = await replay([file], join(directory, 'state'), {}, (running) => {
      running.pause(true)
      // A second replay of the same file starts later and ends while the first one is paused.
      whilePaused = replay([file], join(directory, 'other'))
        .then(() => running.progress().counters.rows)
        .finally(() => running.pause(false))
    })
    assert.equal(await whilePaused, 0)
    assert.equal(progress.counters.rows, SMALL.rows)
    assert.equal(progress.done, true)
  }))

test('the progress of a replay can be read after its end, when its state is closed', () =>
  withDirectory(async (directory) => {
    const file = await sampleIn(directory)
    let running: Replay | null = null
    const last = await replay([file], join(directory, 'state'), {}, (ready) => {
      running = ready
    })
    const { rows } = (running as unknown as Replay).progress().counters
    assert.ok(rows <= last.counters.rows)
  }))
