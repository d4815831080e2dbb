// `verify` decides on units by its own SQL, finds the files by content, and reports what it relied on.
import assert from 'node:assert/strict'
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { AUTO_UNITS } from '../../src/record/source-units.ts'
import { test } from 'node:test'
import { literal, withDatabase } from '../../src/duckdb.ts'
import type { Unit } from '../../src/record/duration-unit.ts'
import { verifyState } from '../../src/verify/run.ts'
import { commitPartition } from '../../state/commit.ts'
import { openState } from '../../state/writer.ts'
import { replay, STATE } from '../consumers/files/replaying.ts'
import { LIMITS, writeVariant } from '../parquet/variants.ts'
import { withDirectory } from '../state-directory.ts'

const ROWS = 50
/** Rows of whole minutes, with a duration as SQL. */
const lasting = (seconds: number, duration: string): Record<string, string> => ({
  Start: `epoch_ms(1554379260000 + row * 60000)`,
  End: `epoch_ms(1554379260000 + row * 60000 + ${seconds} // 60 * 60000)`,
  'MSISDN/Number': '33600000000 + row',
  'Start ms': '0',
  'End ms': '0',
  'Dur. (ms)': duration,
})
const written = (directory: string, name: string, seconds: number, duration: string) =>
  writeVariant(join(directory, `${name}.parquet`), lasting(seconds, duration))

/** Stores another unit for each source of a state, as a fault of the software would. */
async function storeUnit(directory: string, unit: Unit): Promise<void> {
  const state = await openState(directory, STATE, 'test')
  const [partition] = state.partitions
  for (const [source, position] of partition.positions) {
    position.durationUnit = unit
    partition.moved.add(source)
  }
  commitPartition(partition, 0)
  await state.close()
}

const forced = (durationUnit: Unit) => ({ ...AUTO_UNITS, durationUnit, forceUnits: true }) as const

for (const [unit, perSecond] of Object.entries({ s: 1, ms: 1e3, us: 1e6, ns: 1e9 })) {
  test(`a unit of ${unit} is found from the rows, whatever the state remembers`, () =>
    withDirectory(async (directory) => {
      const file = await written(directory, 'a', 7200, `${7200 * perSecond}::DOUBLE`)
      const state = join(directory, 'state')
      await replay([file], state)
      const whole = await verifyState([file], state)
      assert.deepEqual(whole.differing, [])
      const [{ counts, durationUnit, evidence, byContent }] = whole.reliedOn.files
      assert.deepEqual([durationUnit, counts.rows, counts.distinguishing], [unit, ROWS, ROWS])
      assert.match(evidence, /^of 50 rows that distinguish units 50 agree with \w+seconds|seconds$/)
      assert.equal(byContent, true)
      const other = unit === 'ms' ? 's' : 'ms'
      await storeUnit(state, other)
      const { differing, differences } = await verifyState([file], state)
      assert.equal(differences, 1)
      const what = `unit of "Dur. (ms)" in ${file}`
      assert.deepEqual(differing, [{ what, expected: unit, found: other }])
    }))
}

test('a state that was made with a wrong unit differs in the unit and in every duration', () =>
  withDirectory(async (directory) => {
    const file = await written(directory, 'a', 7200, '7200')
    const state = join(directory, 'state')
    await replay([file], state, { units: forced('ms') })
    const { differing, differences } = await verifyState([file], state)
    assert.deepEqual(differing[0], {
      what: `unit of "Dur. (ms)" in ${file}`,
      expected: 's',
      found: 'ms',
    })
    assert.ok(differences > 40, `${differences} differences`)
    // Asked for the forced unit, verify reports that it relied on the option, and on what evidence.
    const asked = await verifyState([file], state, forced('ms'))
    assert.deepEqual(asked.differing, [])
    assert.equal(
      asked.reliedOn.files[0].evidence,
      'set by --duration-unit ms --force-units (of 50 rows that distinguish units 50 agree with seconds)',
    )
  }))

test('files that do not show it: the option decides, else like files, else it asks', () =>
  withDirectory(async (directory) => {
    const short = await written(directory, 'short', 30, '30')
    const long = await written(directory, 'long', 7200, '7200')
    const [alone, both] = [join(directory, 'alone'), join(directory, 'both')]
    await replay([short], alone, { units: { durationUnit: 's' } })
    await assert.rejects(verifyState([short], alone), {
      code: 'input-invalid',
      message:
        /short\.parquet: the unit of .* cannot be determined \(no row distinguishes units\).*--duration-unit s\|ms\|us\|ns$/,
    })
    const set = await verifyState([short], alone, {
      ...AUTO_UNITS,
      durationUnit: 's',
      forceUnits: false,
    })
    assert.deepEqual(set.differing, [])
    assert.match(set.reliedOn.files[0].evidence, /^set by --duration-unit s \(no row/)
    const wrong = await verifyState([short], alone, {
      ...AUTO_UNITS,
      durationUnit: 'ms',
      forceUnits: false,
    })
    assert.deepEqual([wrong.differing[0].expected, wrong.differing[0].found], ['ms', 's'])
    await replay([short, long], both)
    const like = await verifyState([short, long], both)
    assert.deepEqual(like.differing, [])
    const evidence = 'as in the other files with the same columns (no row distinguishes units)'
    assert.equal(like.reliedOn.files[0].evidence, evidence)
  }))

test('an option does not hold against rows that show it, except by force', () =>
  withDirectory(async (directory) => {
    const file = await written(directory, 'a', 7200, '7200')
    const state = join(directory, 'state')
    await replay([file], state)
    const { differing, reliedOn } = await verifyState([file], state, {
      ...AUTO_UNITS,
      durationUnit: 'ms',
    })
    assert.deepEqual(differing, [])
    assert.equal(reliedOn.files[0].durationUnit, 's')
    const { differing: named } = await verifyState([file], state, forced('ms'))
    assert.deepEqual([named[0].expected, named[0].found], ['ms', 's'])
  }))

test('two units in one file are refused with both counts, which are those of all rows', () =>
  withDirectory(async (directory) => {
    const one = await written(directory, 'one', 7200, '7200')
    // A replay looks at every n-th block of a large file: these rows lie between.
    const file = join(directory, 'mixed.parquet')
    await withDatabase(LIMITS, (connection) =>
      connection.run(`COPY (SELECT * REPLACE ("Dur. (ms)" *
          CASE WHEN i // 2048 % 20 IN (3, 7) THEN 1000 ELSE 1 END AS "Dur. (ms)")
        FROM (SELECT * FROM ${literal(one)} LIMIT 1), range(${20 * 16_384}) AS numbers(i))
        TO ${literal(file)} (FORMAT parquet)`),
    )
    const state = join(directory, 'state')
    const { sources } = await replay([file], state)
    assert.equal(sources[0].durationUnit, 's', 'the sample does not have them')
    await assert.rejects(verifyState([file], state), {
      code: 'input-invalid',
      message:
        /mixed\.parquet: .*of 327680 rows .* 294912 agree with seconds, 32768 agree with milliseconds.*--force-units$/,
    })
  }))

test('all files that are too many and all that are missing are named in one error', () =>
  withDirectory(async (directory) => {
    const names = ['a', 'b', 'c', 'd', 'e']
    const files: string[] = []
    for (const [at, name] of names.entries()) {
      files.push(await written(directory, name, 7200, `${7200 + at}`))
    }
    const [a, b, c, d, e] = files
    const state = join(directory, 'state')
    await replay([a, b, c], state)
    await assert.rejects(verifyState([a, d, e], state), {
      code: 'verify-differs',
      message:
        /d\.parquet: the state has applied none of its 50 rows, .*e\.parquet: the state has applied none .* the state holds 50 rows of b\.parquet \(content [0-9a-f]{32}\), 50 rows of c\.parquet/,
    })
  }))

test('files are found by their content, not by their name or place', () =>
  withDirectory(async (directory) => {
    const file = await written(directory, 'a', 7200, '7200')
    const state = join(directory, 'state')
    await replay([file], state)
    const copy = join(directory, 'other-name.parquet')
    copyFileSync(file, copy)
    const { differing, reliedOn } = await verifyState([copy], state)
    assert.deepEqual(differing, [])
    assert.equal(reliedOn.files[0].path, copy)
    // Another content under the former name is another file.
    copyFileSync(await written(directory, 'b', 7200, '7201'), file)
    await assert.rejects(verifyState([file], state), /none of its 50 rows/)
  }))
