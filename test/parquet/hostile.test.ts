// Damaged and odd files are read or refused with one sentence; none ends in an internal error.
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { seededRandom, type Random } from '../../src/random.ts'
import { replay } from '../consumers/files/replaying.ts'
import { openStateToRead, readRejected } from '../../state/read.ts'
import { readBack, withDirectory } from '../state-directory.ts'
import { readAll } from './read-all.ts'
import { writeVariant } from './variants.ts'

const FIXTURES = join(import.meta.dirname, '../fixtures/parquet')
const SEED = Number(process.env.XDR_PULSE_SEED ?? Date.now() % 2 ** 31)
/** Damaged files per fixture and kind of damage. */
const FILES = Number(process.env.XDR_PULSE_DAMAGED_FILES ?? 6)
const WRITERS = ['pyarrow-snappy', 'duckdb-zstd-v2', 'parquetjs-v1', 'pyarrow-brotli-v1']

const footerAt = (bytes: Buffer): number => bytes.length - 8 - bytes.readUInt32LE(bytes.length - 8)

/** Flips up to three bits at random places from `from` on, before `to`. */
function flipBits(bytes: Buffer, from: number, to: number, random: Random): Buffer {
  for (let left = 1 + Math.floor(random() * 3); left > 0; left--) {
    bytes[from + Math.floor(random() * (to - from))] ^= 1 << Math.floor(random() * 8)
  }
  return bytes
}

const DAMAGE: Readonly<Record<string, (bytes: Buffer, random: Random) => Buffer>> = {
  'cut off': (bytes, random) => bytes.subarray(0, Math.floor(random() * bytes.length)),
  'with flipped bits in its footer': (bytes, random) =>
    flipBits(bytes, footerAt(bytes), bytes.length, random),
  'with flipped bits in its pages': (bytes, random) => flipBits(bytes, 4, footerAt(bytes), random),
  'with random bytes between its magic bytes': (bytes, random) => {
    for (let at = 4; at < footerAt(bytes); at += 1 + Math.floor(random() * 40)) {
      bytes[at] = Math.floor(random() * 256)
    }
    return bytes
  },
  'with a part left out': (bytes, random) => {
    const at = Math.floor(random() * (bytes.length - 100))
    return Buffer.concat([
      bytes.subarray(0, at),
      bytes.subarray(at + 1 + Math.floor(random() * 99)),
    ])
  },
}

for (const [damage, apply] of Object.entries(DAMAGE)) {
  test(`a file ${damage} is read or refused with one sentence`, (t) =>
    withDirectory(async (directory) => {
      t.diagnostic(`XDR_PULSE_SEED=${SEED}`)
      const random = seededRandom(SEED)
      const path = join(directory, 'a.parquet')
      let refused = 0
      for (const writer of WRITERS) {
        for (let n = 0; n < FILES; n++) {
          const whole = readFileSync(join(FIXTURES, `${writer}.parquet`))
          writeFileSync(path, apply(Buffer.from(whole), random))
          const outcome = await readAll(path)
          const which = `seed ${SEED}, ${writer}, file ${n}`
          assert.equal(outcome.internal, null, which)
          if (outcome.refused === null) continue
          refused++
          assert.ok(outcome.refused.startsWith(`${path}: `), `${which}: ${outcome.refused}`)
          assert.ok(!outcome.refused.includes('\n'), `${which}: one line`)
        }
      }
      assert.ok(refused > 0, `seed ${SEED}: no file was refused`)
    }))
}

test('a damaged page is refused by file and column', () =>
  withDirectory(async (directory) => {
    const path = await writeVariant(join(directory, 'a.parquet'), {}, 50)
    const bytes = readFileSync(path)
    // The first page is a part of the first column: what follows its header is compressed.
    bytes.fill(0xff, 60, 110)
    writeFileSync(path, bytes)
    const { refused } = await readAll(path)
    assert.match(
      refused ?? '',
      /a\.parquet: the column ".+" cannot be read \(Snappy .+\); rows committed/,
    )
  }))

test('an encrypted footer is refused as encrypted', () =>
  withDirectory(async (directory) => {
    const path = join(directory, 'a.parquet')
    const bytes = readFileSync(join(FIXTURES, 'integers.parquet'))
    bytes.write('PARE', 0, 'latin1')
    bytes.write('PARE', bytes.length - 4, 'latin1')
    for (const name of [path, join(directory, '000000_0')]) {
      writeFileSync(name, bytes)
      assert.match(
        (await readAll(name)).refused ?? '',
        /the file is encrypted \(magic bytes PARE\)/,
      )
    }
  }))

test('a codec that cannot be read is refused by its name and column', async () => {
  const { refused } = await readAll(join(FIXTURES, 'odd/codec-hadoop-lz4.parquet'))
  assert.match(refused ?? '', /"Bearer Id" is compressed with LZ4; expected .*LZ4_RAW/)
})

test('a footer that contradicts itself in the number of rows is refused', () =>
  withDirectory(async (directory) => {
    const path = join(directory, 'a.parquet')
    const bytes = readFileSync(join(FIXTURES, 'integers.parquet'))
    // The footer's number of rows (50 as zigzag varint) follows its schema; the last is a row group's.
    const at = bytes.lastIndexOf(Buffer.from([0x16, 100]))
    assert.ok(at > footerAt(bytes))
    bytes[at + 1] = 98
    writeFileSync(path, bytes)
    assert.match((await readAll(path)).refused ?? '', /footer states 50 rows, its row groups 49/)
  }))

test('a bearer of 16 bytes counts by its presence', () =>
  withDirectory(async (directory) => {
    await replay([join(FIXTURES, 'odd/bearer-fixed-16-bytes.parquet')], directory)
    const { subscribers, applied } = await readBack(directory)
    const sum = (at: number): number => subscribers.reduce((total, [, row]) => total + row[at], 0)
    assert.deepEqual([applied, subscribers.length, sum(1)], [300, 59, 300])
    assert.deepEqual([sum(2), sum(3), sum(4)], [13_269_760_341, 8_901_182_379, 10_552_313_108])
  }))

for (const type of ['UUID', 'BLOB', 'BOOLEAN', 'BIGINT[]', 'INTERVAL']) {
  test(`a bearer of type ${type} counts by its presence`, () =>
    withDirectory(async (directory) => {
      const value: Record<string, string> = {
        UUID: 'gen_random_uuid()',
        BLOB: `'\\xFF\\x00'::BLOB`,
        BOOLEAN: 'true',
        'BIGINT[]': '[1]',
        INTERVAL: 'INTERVAL 1 day',
      }
      const sessions = []
      for (const present of [value[type], '1::DOUBLE']) {
        const sql = `CASE WHEN row % 5 <> 0 THEN ${present} END`
        const path = await writeVariant(join(directory, 'a.parquet'), { 'Bearer Id': sql })
        const state = join(directory, `state-${sessions.length}`)
        await replay([path], state)
        const { subscribers, missing } = await readBack(state)
        sessions.push({ missing, sessions: subscribers.map(([msisdn, row]) => [msisdn, row[1]]) })
      }
      assert.ok(sessions[0].missing['Bearer Id'] > 5)
      assert.deepEqual(sessions[0], sessions[1])
    }))
}

test('columns with the names of virtual columns of DuckDB change nothing', () =>
  withDirectory(async (directory) => {
    const names = ['file_row_number', 'FILE_ROW_NUMBER_', 'filename', 'file_index', 'rowid']
    const odd = Object.fromEntries(names.map((name) => [name, '(row * 7) % 3']))
    const results = []
    for (const [at, columns] of [{}, odd].entries()) {
      const path = await writeVariant(join(directory, `${at}.parquet`), columns)
      for (const speed of ['max', 1e15] as const) {
        const state = join(directory, `state-${at}-${speed}`)
        await replay([path], state, { speed })
        results.push((await readBack(state)).hash)
      }
    }
    assert.equal(new Set(results).size, 1)
  }))

for (const name of ['file_row_number', 'File_Row_Number']) {
  test(`rejected rows keep their numbers in a file with a column ${name}`, () =>
    withDirectory(async (directory) => {
      const path = await writeVariant(join(directory, 'a.parquet'), {
        [name]: '5',
        'MSISDN/Number': 'CASE WHEN row = 31 THEN -1 ELSE 33600000000 + row END',
      })
      const { counters } = await replay([path], join(directory, 'state'))
      assert.equal(counters.rejected['invalid-msisdn'], 1)
      const { positions } = await readBack(join(directory, 'state'))
      assert.equal(positions[0].position.next, 50)
      const state = openStateToRead(join(directory, 'state'))
      const rejected = readRejected(state, 50).filter(({ reason }) => reason === 'invalid-msisdn')
      assert.deepEqual(
        rejected.map(({ row }) => row),
        [31],
      )
      await state.close()
    }))
}
