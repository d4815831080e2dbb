// A data file that LMDB would crash on is refused before LMDB follows its pages.
import assert from 'node:assert/strict'
import { readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { PulseError } from '../../src/errors.ts'
import { seededRandom } from '../../src/random.ts'
import { commitPartition } from '../../state/commit.ts'
import { dataFileOf, readNewestMeta, withDataFile } from '../../state/data-file.ts'
import { withView } from '../../state/read.ts'
import { partitionDirectory } from '../../state/store.ts'
import { checkPages } from '../../state/tree-check.ts'
import { openState } from '../../state/writer.ts'
import { readBack, withDirectory } from '../state-directory.ts'
import { apply, batchOf, OPTIONS, someSubscribers } from './stores.ts'

const PAGE = 4096
const HEADER = 24

/** A state of some commits, with free pages. */
async function makeState(directory: string): Promise<string> {
  const state = await openState(directory, OPTIONS, 'test')
  const [partition] = state.partitions
  const random = seededRandom(7)
  for (let commit = 0; commit < 5; commit++) {
    apply(partition, batchOf(someSubscribers(33600000000, 3000, 2000, random), random))
    commitPartition(partition, 10)
  }
  await state.close()
  return dataFileOf(partitionDirectory(directory, 0))
}

async function assertRefused(directory: string, sentence: RegExp): Promise<void> {
  const refusal = (error: unknown): true => {
    assert.ok(error instanceof PulseError, String(error))
    assert.equal(error.code, 'store-failed')
    assert.match(error.message, sentence)
    assert.match(error.message, /restore the state directory from a backup, or replay/)
    return true
  }
  await assert.rejects(readBack(directory), refusal)
  await assert.rejects(openState(directory, OPTIONS, 'test'), refusal)
}

/** Runs `damage` on the bytes of a state's data file. */
const withDamaged = (damage: (bytes: Buffer) => unknown, sentence: RegExp): Promise<void> =>
  withDirectory(async (directory) => {
    const path = await makeState(directory)
    const bytes = readFileSync(path)
    damage(bytes)
    writeFileSync(path, bytes)
    await assertRefused(directory, sentence)
  })

describe('a data file is refused', () => {
  test('when it ends before a page in use', () =>
    withDirectory(async (directory) => {
      const path = await makeState(directory)
      const before = await readBack(directory)
      const { length } = readFileSync(path)
      let refused = 0
      // From its end on: what is cut off stays cut off.
      for (let bytes = length - 1; bytes > 2 * PAGE; bytes -= 5 * PAGE + 1234) {
        truncateSync(path, bytes)
        try {
          // Pages that are free may be missing.
          assert.deepEqual(await readBack(directory), before)
          assert.equal(refused, 0)
        } catch (error) {
          if (!(error instanceof PulseError)) throw error
          await assertRefused(directory, /needs the first \d+ bytes of the file, which has \d+;/)
          refused++
        }
      }
      assert.ok(refused > 10, String(refused))
    }))

  test('when it is not a file of LMDB', () =>
    withDamaged((bytes) => bytes.fill('not a store'), /page 0 is not a meta page of LMDB/))

  test('when it is of another version of LMDB', () =>
    withDamaged(
      (bytes) => bytes.writeUInt32LE(1, PAGE + HEADER + 4),
      /page 1 has version 1 of LMDB's format, expected 2/,
    ))

  test('when its pages have another size', () =>
    withDamaged(
      (bytes) => bytes.writeUInt32LE(16384, HEADER + 24),
      /page 0 states a page size of 16384 bytes, expected 4096/,
    ))

  test('when a meta page has the number of another transaction', () =>
    withDamaged((bytes) => {
      const at = [HEADER + 128, PAGE + HEADER + 128].map((place) => bytes.readBigUInt64LE(place))
      const older = at[0] < at[1] ? 0 : 1
      bytes.writeBigUInt64LE(at[1 - older] + 1n, older * PAGE + HEADER + 128)
    }, /meta page \d is of transaction \d+, but \d+ wrote its pages/))

  test('when the newest meta page has the number of an older transaction', () =>
    withDamaged((bytes) => {
      const newest = newestOf(bytes)
      newest.writeBigUInt64LE(newest.readBigUInt64LE(128) - 2n, 128)
    }, /meta page \d is of transaction \d+, but \d+ wrote its pages/))

  test('when a page in use lies beyond the last page', () =>
    withDamaged((bytes) => {
      newestOf(bytes).writeBigUInt64LE(2n, 120)
    }, /refers to page \d+ of 3/))

  test('when its last page lies beyond what can be mapped', () =>
    withDamaged((bytes) => {
      newestOf(bytes).writeBigUInt64LE(2n ** 40n, 120)
    }, /its last page is 1099511627776, expected a smaller number/))

  test('when a page is another one', () =>
    withDamaged((bytes) => {
      const root = Number(newestOf(bytes).readBigUInt64LE(72 + 40))
      bytes.copy(bytes, root * PAGE, 2 * PAGE, 3 * PAGE)
    }, /the list of databases (expects a page|has a damaged page)/))

  test('when a page that is in use is also free', () =>
    withDamaged((bytes) => {
      const meta = newestOf(bytes)
      const [free, main] = [24 + 40, 72 + 40].map((place) => Number(meta.readBigUInt64LE(place)))
      const page = bytes.subarray(free * PAGE, (free + 1) * PAGE)
      const node = HEADER + page.readUInt16LE(HEADER)
      // Its first entry: a key of 8 bytes, the number of pages, pages.
      page.writeBigInt64LE(BigInt(main), node + 8 + 8 + 8)
    }, /the list of free pages refers to page \d+, which has another use/))
})

/** The meta page of the last transaction, without its header. */
function newestOf(bytes: Buffer): Buffer {
  const metas = [bytes.subarray(HEADER), bytes.subarray(PAGE + HEADER)]
  return metas[0].readBigUInt64LE(128) > metas[1].readBigUInt64LE(128) ? metas[0] : metas[1]
}

test('a file that is being written is read, whatever its writer does meanwhile', () =>
  withDirectory(async (directory) => {
    const state = await openState(directory, OPTIONS, 'test')
    const [partition] = state.partitions
    const random = seededRandom(8)
    for (let commit = 1; commit <= 30; commit++) {
      apply(partition, batchOf(someSubscribers(33600000000, 6000, 500, random), random))
      commitPartition(partition, 10)
      await withView(directory, (view) => assert.equal(view.counters.commit, commit))
      const names = withDataFile(partition.store.directory, (file) =>
        checkPages(file, readNewestMeta(file)),
      )
      assert.ok(names.includes('subscribers'))
    }
    await state.close()
  }))
