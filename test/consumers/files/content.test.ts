// Identity is the whole content, and a file that changes while it is read stops the run.
import assert from 'node:assert/strict'
import { createCipheriv } from 'node:crypto'
import { appendFileSync, copyFileSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { statSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type { Replay } from '../../../consumers/files/replay.ts'
import { literal, queryRows, withDatabase } from '../../../src/duckdb.ts'
import { PulseError } from '../../../src/errors.ts'
import { openFile } from '../../../src/parquet/files.ts'
import { verifyState } from '../../../src/verify/run.ts'
import { commitPartition } from '../../../state/commit.ts'
import type { SourcePosition } from '../../../state/partition-metadata.ts'
import { openState } from '../../../state/writer.ts'
import { readBack, withDirectory } from '../../state-directory.ts'
import { until } from '../../until.ts'
import { replay, STATE } from './replaying.ts'
import { sampleIn, SMALL } from './samples.ts'

const LIMITS = { threads: 1, memoryMiB: 512 }
/** AES-128-GMAC of a file's bytes at once, with a key and a nonce of zeros. */
function gmac(path: string): string {
  const mac = createCipheriv('aes-128-gcm', Buffer.alloc(16), Buffer.alloc(12))
  mac.setAAD(readFileSync(path)).final()
  return mac.getAuthTag().toString('hex')
}
const stopAtOnce = (running: Replay): void => running.stop()

const isTrouble = (sentence: RegExp) => (error: unknown) => {
  assert.ok(error instanceof PulseError, String(error))
  assert.equal(error.code, 'input-invalid')
  assert.match(error.message, sentence)
  return true
}

/** A sample without compression, so that a flipped bit is another value and nothing else. */
async function plainSample(directory: string): Promise<string> {
  const [sample, plain] = [await sampleIn(directory), join(directory, 'plain.parquet')]
  await withDatabase(LIMITS, (connection) =>
    connection.run(`COPY (FROM read_parquet(${literal(sample)})) TO ${literal(plain)}
      (FORMAT parquet, COMPRESSION uncompressed, DICTIONARY_SIZE_LIMIT 1)`),
  )
  return plain
}

/** Writes the file to another path with one value of a summed column changed. */
async function withOneValueChanged(path: string, to: string): Promise<void> {
  const bytes = readFileSync(path)
  const [chunk] = await withDatabase(LIMITS, (connection) =>
    queryRows(
      connection,
      `SELECT data_page_offset AS at, total_compressed_size AS size
        FROM parquet_metadata(${literal(path)}) WHERE path_in_schema = 'Total DL (Bytes)'`,
    ),
  )
  const [from, size] = [Number(chunk.at), Number(chunk.size)]
  const before = await idOf(path)
  // The samples of the fingerprint cover a part of the column: the rest is tried.
  for (let at = from + 1000; at < from + size; at += 4096) {
    const changed = Buffer.from(bytes)
    changed[at] ^= 4
    writeFileSync(to, changed)
    if ((await idOf(to)) === before) return
  }
  assert.fail('every byte is in the fingerprint')
}

const idOf = (path: string): Promise<string> =>
  withDatabase(LIMITS, async (connection) => (await openFile(connection, path)).id)

test('contents with the same fingerprint are two files, together, in turn and again', () =>
  withDirectory(async (directory) => {
    const first = await plainSample(directory)
    const second = join(directory, 'corrected.parquet')
    await withOneValueChanged(first, second)
    assert.equal(await idOf(first), await idOf(second))
    const [together, inTurn] = [join(directory, 'together'), join(directory, 'in-turn')]
    const both = await replay([first, second], together)
    assert.equal(both.counters.applied + sum(both.counters.rejected), 2 * SMALL.rows)
    assert.match(both.warnings.at(-1)?.message ?? '', /another file than .*plain\.parquet/)
    await replay([first], inTurn)
    const later = await replay([second], inTurn)
    assert.equal(later.counters.duplicate, 0)
    assert.match(later.warnings.at(-1)?.message ?? '', /corrected\.parquet: another file than/)
    assert.equal((await readBack(inTurn)).hash, (await readBack(together)).hash)
    for (const file of [first, second]) {
      const again = await replay([file], inTurn)
      assert.equal(again.counters.duplicate, SMALL.rows)
    }
    assert.equal((await verifyState([first, second], inTurn)).differences, 0)
  }))

test('a file does not take the unit of another one with its fingerprint', () =>
  withDirectory(async (directory) => {
    const first = await plainSample(directory)
    const second = join(directory, 'corrected.parquet')
    await withOneValueChanged(first, second)
    const state = join(directory, 'state')
    await replay([first], state, { units: { durationUnit: 'ms', forceUnits: true } })
    const { sources } = await replay([second], state)
    assert.deepEqual(
      sources.map(({ durationUnit }) => durationUnit),
      ['s'],
    )
    // The unit that was forced is named; the other file has the unit that it shows.
    const { differing } = await verifyState([first, second], state)
    assert.deepEqual(
      differing.filter(({ what }) => what.startsWith('unit')),
      [{ what: `unit of "Dur. (ms)" in ${first}`, expected: 's', found: 'ms' }],
    )
  }))

const sum = (counts: Record<string, number>): number =>
  Object.values(counts).reduce((total, count) => total + count, 0)

for (const rows of [2000, 60_000]) {
  test(`the whole content of ${rows} rows is hashed when the last position is committed`, () =>
    withDirectory(async (directory) => {
      const file = await sampleIn(directory, { rows, dirt: 0 })
      assert.equal(statSync(file).size > 2 ** 20, rows > 2000, 'in many portions or one')
      const state = join(directory, 'state')
      await replay([file], state, { state: { partitions: 2 } })
      const { positions } = await readBack(state)
      assert.equal(positions.length, 2)
      for (const { position } of positions) {
        assert.equal(position.content, gmac(file))
        assert.equal(position.stamp?.path, file)
        assert.equal(position.stamp.bytes, statSync(file).size)
      }
    }))
}

describe('a file that changes while it is read stops the run before its position is committed', () => {
  const changes: [string, (path: string, directory: string) => void, RegExp][] = [
    [
      'replaced by mv',
      (path, directory) => {
        copyFileSync(path, join(directory, 'new'))
        renameSync(join(directory, 'new'), path)
      },
      /the file was replaced while it was read/,
    ],
    ['grown', (path) => appendFileSync(path, 'more'), /the file grew from \d+ to \d+ bytes/],
    ['cut off', (path) => truncateSync(path, 5000), /the file was cut off from \d+ to 5000 bytes/],
    [
      'written to',
      (path) => {
        const bytes = readFileSync(path)
        bytes[5000] ^= 1
        writeFileSync(path, bytes)
        utimesSync(path, 1, 1)
      },
      /the file was written to while it was read/,
    ],
    ['removed', (path) => rmSync(path), /the file was removed or renamed while it was read/],
  ]
  for (const [what, change, sentence] of changes) {
    test(`${what} during a paced replay`, () =>
      withDirectory(async (directory) => {
        const file = await sampleIn(directory)
        const state = join(directory, 'state')
        const options = { speed: 20_000, commitIntervalMs: 20 }
        let durable = NaN
        const ended = replay([file], state, options, (running) => {
          void until('a commit', () => running.progress().counters.commits > 2).then(() => {
            durable = running.progress().counters.rows
            change(file, directory)
          })
        })
        let message = ''
        await assert.rejects(ended, (error: Error) => {
          message = error.message
          return isTrouble(sentence)(error)
        })
        const applied = Number(/the first (\d+) rows of its former content/.exec(message)?.[1])
        const [{ position }] = (await readBack(state)).positions
        assert.equal(position.next, applied)
        assert.ok(applied > 0 && applied <= durable + SMALL.rows / 2, `${applied} of ${durable}`)
        assert.ok(position.next < SMALL.rows)
      }))

    test(`${what} while a replay at full speed is paused`, () =>
      withDirectory(async (directory) => {
        const file = await sampleIn(directory)
        const state = join(directory, 'state')
        const ended = replay([file], state, {}, (running) => {
          running.pause(true)
          change(file, directory)
          running.pause(false)
        })
        await assert.rejects(ended, isTrouble(sentence))
        const opened = await openState(state, STATE, 'test')
        assert.equal(opened.partitions[0].positions.size, 0)
        await opened.close()
      }))
  }
})

test('a file that ends before others in order of time is committed with its hash', () =>
  withDirectory(async (directory) => {
    const short = await sampleIn(directory, { days: 1, rows: 200, seed: 3, dirt: 0 })
    const long = await sampleIn(directory)
    const state = join(directory, 'state')
    const options = { speed: 60_000, commitIntervalMs: 20 }
    let seen: SourcePosition[] = []
    await replay([short, long], state, options, (running) => {
      const find = async (): Promise<boolean> => {
        if (running.progress().counters.commits === 0) return false
        seen = (await readBack(state)).positions.map(({ position }) => position)
        return seen.some(({ next, rows }) => next === rows)
      }
      void until('the end of the short file', find).then(() => running.stop())
    })
    const [ended, open] = seen.toSorted((a, b) => a.rows - b.rows)
    assert.deepEqual([ended.next, ended.content], [200, gmac(short)])
    assert.ok(open.next > 0 && open.next < SMALL.rows)
  }))

describe('a file that was begun is finished only with the same content', () => {
  /** A plain sample of which a part is applied; `change` edits its position. */
  async function begun(directory: string, change: (position: SourcePosition) => void) {
    const file = await plainSample(directory)
    const state = join(directory, 'state')
    await replay([file], state, {}, stopAtOnce)
    const opened = await openState(state, STATE, 'test')
    const [partition] = opened.partitions
    const [[id, position]] = partition.positions
    change(position)
    partition.moved.add(id)
    commitPartition(partition, 1000)
    await opened.close()
    assert.ok(position.next > 0 && position.next < SMALL.rows)
    return { file, state, next: position.next }
  }
  const nothing = (): void => undefined

  test('in a copy of it', () =>
    withDirectory(async (directory) => {
      const { file, state, next } = await begun(directory, nothing)
      const copy = join(directory, 'copy.parquet')
      copyFileSync(file, copy)
      const { counters, done } = await replay([copy], state)
      assert.equal(done, true)
      assert.equal(counters.duplicate, next)
    }))

  test('not when one value has changed', () =>
    withDirectory(async (directory) => {
      const { file, state, next } = await begun(directory, nothing)
      await withOneValueChanged(file, file)
      const sentence = new RegExp(
        `the first ${next} rows of its former content are applied, and it`,
      )
      await assert.rejects(replay([file], state), isTrouble(sentence))
      await assert.rejects(verifyState([file], state), isTrouble(sentence))
    }))

  test('not when the path has another file now', () =>
    withDirectory(async (directory) => {
      const { file, state, next } = await begun(directory, nothing)
      copyFileSync(await sampleIn(directory, { seed: 5 }), file)
      const sentence = new RegExp(
        `the first ${next} rows of its former content are applied, and it`,
      )
      await assert.rejects(replay([file], state), isTrouble(sentence))
    }))

  test('in the same file, when the run was killed before it was hashed', () =>
    withDirectory(async (directory) => {
      const { file, state, next } = await begun(directory, (position) => (position.content = null))
      const copy = join(directory, 'copy.parquet')
      copyFileSync(file, copy)
      await assert.rejects(replay([copy], state), isTrouble(/was copied, replaced or written to/))
      assert.equal((await replay([file], state)).counters.duplicate, next)
      assert.equal((await readBack(state)).positions[0].position.content, gmac(file))
    }))

  test('in any file with its fingerprint, when a former version began it', () =>
    withDirectory(async (directory) => {
      const forget = (position: SourcePosition): void => {
        position.content = null
        position.stamp = null
      }
      const { file, state, next } = await begun(directory, forget)
      const copy = join(directory, 'copy.parquet')
      copyFileSync(file, copy)
      assert.equal((await replay([copy], state)).counters.duplicate, next)
    }))
})

test('a path that held another content when it was read is reported', () =>
  withDirectory(async (directory) => {
    const file = join(directory, 'latest.parquet')
    const state = join(directory, 'state')
    renameSync(await sampleIn(directory), file)
    await replay([file], state)
    renameSync(await sampleIn(directory, { seed: 5 }), file)
    const { warnings, counters } = await replay([file], state)
    assert.equal(counters.duplicate, 0)
    assert.match(warnings.at(-1)?.message ?? '', /holds all 6000 rows of a former content/)
  }))
