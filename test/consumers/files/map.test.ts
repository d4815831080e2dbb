// Columns under other names and within structs: --map gives the state that our names give.
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { identifier, literal, withDatabase } from '../../../src/duckdb.ts'
import { USED_COLUMNS } from '../../../src/record/columns.ts'
import type { MappedColumns } from '../../../src/record/mapped-columns.ts'
import { parseMap } from '../../../src/record/parse-map.ts'
import { AUTO_UNITS } from '../../../src/record/source-units.ts'
import { verifyState } from '../../../src/verify/run.ts'
import { LIMITS, writeVariant } from '../../parquet/variants.ts'
import { readBack } from '../../state-directory.ts'
import { replay } from './replaying.ts'

const directory = mkdtempSync(join(tmpdir(), 'xdr-pulse-map-'))
const plain = join(directory, 'plain.parquet')
let states = 0
let expected = ''

const newState = (): string => join(directory, `state-${states++}`)
const parsed = (text: string): MappedColumns => {
  const found = parseMap(text)
  assert.ok('mapped' in found, JSON.stringify(found))
  return found.mapped
}

/** Writes rows of the plain file under other names: a list of SELECT, as Parquet or CSV. */
async function write(name: string, list: string, rows = 50): Promise<string> {
  const path = join(directory, name)
  const format = name.endsWith('.csv') ? "(FORMAT csv, DELIMITER ';')" : '(FORMAT parquet)'
  await withDatabase(LIMITS, (connection) =>
    connection.run(
      `COPY (SELECT ${list} FROM (FROM read_parquet(${literal(plain)}) LIMIT ${rows}))
        TO ${literal(path)} ${format}`,
    ),
  )
  return path
}

/** The hash of a state that a map gives, after `verify` has found the same. */
async function hashOf(path: string, map: string): Promise<string> {
  const state = newState()
  const units = { mapped: parsed(map) }
  await replay([path], state, { units })
  const verified = await verifyState([path], state, { ...AUTO_UNITS, ...units })
  assert.deepEqual(verified.differing, [])
  return (await readBack(state)).hash
}

const refusal = (code: string, message: RegExp) => ({ code, message })

after(() => {
  rmSync(directory, { recursive: true })
})

before(async () => {
  await writeVariant(plain, {
    'Total DL (Bytes)': `CASE row WHEN 7 THEN 'x' ELSE (1000 + row)::VARCHAR END`,
    'MSISDN/Number': `CASE row WHEN 9 THEN -1 ELSE 33600000000 + row % 20 END`,
  })
  const state = newState()
  await replay([plain], state)
  expected = (await readBack(state)).hash
})

const ALL = USED_COLUMNS.map(identifier)
/** A struct of all columns, which keep their names. */
const STRUCT = `struct_pack(${ALL.map((name) => `${name} := ${name}`).join(', ')})`

const KINDS: [string, string, string][] = [
  [
    'renamed.parquet',
    '* RENAME ("Dur. (ms)" AS elapsed, "Total DL (Bytes)" AS "dl, all=1")',
    'Dur. (ms)=elapsed,Total DL=dl\\, all=1',
  ],
  [
    'nested.parquet',
    `* EXCLUDE ("Total DL (Bytes)", "Dur. (ms)", "MSISDN/Number", "Start"),
      {'DL': "Total DL (Bytes)", 'more': {'elapsed': "Dur. (ms)", 'begin': "Start"}} AS traffic,
      {'dl': 1, 'number': "MSISDN/Number"} AS "who.is"`,
    'Total DL=traffic.dl,Dur. (ms)=Traffic.More.elapsed,MSISDN=who.is.number,Start=traffic.more.begin',
  ],
  [
    'dotted.parquet',
    `* RENAME ("Total DL (Bytes)" AS "traffic.dl"), {'dl': 5} AS traffic`,
    'Total DL=traffic.dl',
  ],
  [
    'taken.parquet',
    `* EXCLUDE ("Total DL (Bytes)"), {'dl': "Total DL (Bytes)"} AS traffic, 5 AS "Traffic.DL",
      7 AS file_row_number`,
    'Total DL=traffic.dl',
  ],
  [
    'beside.parquet',
    `* RENAME ("Total DL (Bytes)" AS octets), 7 AS "Total DL (Bytes)", 8 AS total_download`,
    'Total DL=octets',
  ],
  [
    'renamed.csv',
    '* RENAME ("Dur. (ms)" AS "elapsed.ms", "Total DL (Bytes)" AS "下行")',
    'Dur. (ms)=Elapsed.MS,Total DL=下行',
  ],
]

for (const [name, list, map] of KINDS) {
  test(`${name} gives the state of known names`, async () => {
    assert.equal(await hashOf(await write(name, list), map), expected)
  })
}

test('an envelope is refused with the map that reads it', async () => {
  const kinds = {
    after: `${STRUCT} AS "before", ${STRUCT} AS "after", 'c' AS op`,
    'payload.after': `{'after': ${STRUCT}, 'op': 'u'} AS payload, {'id': 1} AS source`,
  }
  for (const [place, list] of Object.entries(kinds)) {
    const path = await write(`${place}.parquet`, list)
    const state = newState()
    const failed = await replay([path], state).catch(String)
    assert.ok(typeof failed === 'string')
    const advice =
      /"MSISDN\/Number" is missing \(nearest found: .*\); "(.*)" has what is missing: add --map "(.*)"$/
    const [, found, map] = advice.exec(failed) ?? []
    assert.equal(found, place, failed)
    assert.equal(Object.keys(parsed(map)).length, USED_COLUMNS.length)
    assert.equal(existsSync(state), false)
    assert.equal(await hashOf(path, map), expected)
  }
})

test('without an envelope the refusal names what to map', async () => {
  const path = await write(
    'lacking.parquet',
    '* RENAME ("Dur. (ms)" AS took, "Total UL (Bytes)" AS up)',
  )
  await assert.rejects(
    replay([path], newState()),
    refusal(
      'input-column',
      /"Dur\. \(ms\)" is missing \(nearest found: .*\); rename the column, add it, or name its place with --map "Dur\. \(ms\)=PATH,Total UL \(Bytes\)=PATH"$/,
    ),
  )
})

test('a path that a file does not have is refused with the nearest names of its level', async () => {
  const path = await write(
    'levels.parquet',
    `*, {'down': 1, 'up': 2} AS traffic, [{'down': 1}] AS lists, MAP {'down': 1} AS pairs`,
  )
  const refused = {
    'traffic.dwn':
      /levels\.parquet: the column "Total DL \(Bytes\)" is mapped to "traffic\.dwn", but in "traffic" nothing is called "dwn" \(nearest: "down", "up"\); correct --map/,
    trafic: /but nothing is called "trafic" \(nearest: "traffic", /,
    'lists.down': /but "lists" is a list, without names in it/,
    'pairs.down': /but "pairs" is a map, without names in it/,
    'Start.down': /but "Start" is a value of type VARCHAR, without names in it/,
    lists: /the column "lists" has type STRUCT.*\[\], expected a number, a time or text/,
    traffic: /the column "traffic" has type STRUCT/,
  }
  for (const [place, message] of Object.entries(refused)) {
    const units = { mapped: parsed(`Total DL=${place}`) }
    const state = newState()
    await assert.rejects(replay([path], state, { units }), refusal('input-column', message))
    assert.equal(existsSync(state), false)
  }
  const csv = await write('levels.csv', '* RENAME ("Total DL (Bytes)" AS down)')
  await assert.rejects(
    replay([csv], newState(), { units: { mapped: parsed('Total DL=dwn') } }),
    refusal('input-column', /levels\.csv: .* but nothing is called "dwn" \(nearest: "down", /),
  )
})

test('a file is read on with the map that it was begun with', async () => {
  const path = await write('begun.parquet', '*, "Total UL (Bytes)" AS other', 50)
  const state = newState()
  const units = { mapped: parsed('Total DL=other') }
  const { sources } = await replay([path], state, { units })
  assert.deepEqual(sources[0].mapped, { 'Total DL (Bytes)': ['other'] })
  const again = await replay([path], state, { units })
  assert.deepEqual([again.counters.applied, again.counters.duplicate], [0, 50])
  const text = 'Total DL \\(Bytes\\)=other'
  await assert.rejects(
    replay([path], state),
    refusal(
      'state-options',
      new RegExp(
        `its first 50 rows were applied with --map ${text} \\(asked for: none\\), expected the same`,
      ),
    ),
  )
  await assert.rejects(
    replay([path], state, { units: { mapped: parsed('Total DL=Google DL (Bytes)') } }),
    refusal(
      'state-options',
      new RegExp(`${text} \\(asked for: Total DL \\(Bytes\\)=Google DL \\(Bytes\\)\\)`),
    ),
  )
  const verified = await verifyState([path], state)
  assert.match(verified.differing.map(({ what }) => what).join(), /map of .*begun\.parquet/)
})

test('the name that a map gives may state a unit of volumes', async () => {
  const path = await write('units.parquet', '*, 5 AS "traffic_dl_kb"')
  const mapped = parsed('Total DL=traffic_dl_kb')
  await assert.rejects(
    replay([path], newState(), { units: { mapped } }),
    refusal(
      'input-invalid',
      /the name of the column "traffic_dl_kb" ends in another unit than bytes/,
    ),
  )
  const state = newState()
  await replay([path], state, { units: { mapped, volumeUnit: 'KB', forceUnits: true } })
})
