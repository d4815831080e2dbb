// Units and formats of files are decided on evidence, and verify finds the same by its own SQL.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { verifyState } from '../../../src/verify/run.ts'
import { readBack, withDirectory } from '../../state-directory.ts'
import { writeVariant } from '../../parquet/variants.ts'
import { replay } from './replaying.ts'

const FIXTURES = join(import.meta.dirname, '../../fixtures/evidence')
const fixture = (name: string): string => join(FIXTURES, `${name}.parquet`)

/** What the rows of most fixtures amount to. */
const SUMS = {
  subscribers: 59,
  records: 300,
  sessions: 300,
  durationMs: 13_269_760_341,
  downlinkBytes: 8_901_182_379,
  uplinkBytes: 10_552_313_108,
}
type Changes = Parameters<typeof replay>[2]

/** Replays files into a new state, verifies it, and returns its sums. */
async function sumsOf(files: string[], changes: Changes = {}): Promise<Record<string, number>> {
  return withDirectory(async (directory) => {
    await replay(files, directory, changes)
    const verification = await verifyState(files, directory)
    assert.deepEqual(verification.differing, [])
    const { subscribers } = await readBack(directory)
    const sum = (at: number): number => subscribers.reduce((total, [, row]) => total + row[at], 0)
    const names = Object.keys(SUMS).slice(1)
    const sums = names.map((name, at): [string, number] => [name, sum(at)])
    return { subscribers: subscribers.length, ...Object.fromEntries(sums) }
  })
}

test('digits of a date are times with their hours', async () => {
  const file = fixture('digits-of-a-date')
  assert.deepEqual(await sumsOf([file]), SUMS)
  await withDirectory(async (directory) => {
    await replay([file], directory)
    const { hours, coerced } = await readBack(directory)
    assert.ok(hours.length > 100 && hours.every(([hour]) => hour !== null))
    assert.equal(coerced.Start, undefined)
  })
})

const MS = `(epoch_ms(strptime("Start", '%m/%d/%Y %H:%M')) + row)`
/** SQL of Start as each kind of number or text that is a time. */
const TIMES: Record<string, string> = {
  s: `(${MS} // 1000)::INTEGER`,
  'double s': `${MS} / 1000.0`,
  ms: MS,
  us: `${MS} * 1000 + 999`,
  ns: `${MS} * 1000000 + 999999`,
  'double ns': `(${MS} * 1000000)::DOUBLE`,
  'decimal ns': `(${MS} * 1000000 + 999999)::DECIMAL(19,0)`,
  'text us': `(${MS} * 1000 + 999)::VARCHAR`,
  'text ns': `(${MS} * 1000000 + 999999)::VARCHAR`,
  'text s': `(${MS} / 1000.0)::DECIMAL(18,3)::VARCHAR`,
  digits: `strftime(epoch_ms(${MS}), '%Y%m%d%H%M%S')::BIGINT`,
  'double digits': `strftime(epoch_ms(${MS}), '%Y%m%d%H%M')::DOUBLE`,
  'text digits': `strftime(epoch_ms(${MS}), '%Y%m%d')`,
  'no times': 'row',
}
for (const [name, sql] of Object.entries(TIMES)) {
  for (const timeZone of ['UTC', 'America/New_York']) {
    test(`verify finds the times of ${name} in ${timeZone} by itself`, () =>
      withDirectory(async (directory) => {
        const file = await writeVariant(join(directory, 'a.parquet'), { Start: sql })
        const state = { timeZone, durationUnit: 'ms' } as const
        await replay([file], join(directory, 'state'), { state })
        assert.deepEqual((await verifyState([file], join(directory, 'state'))).differing, [])
        const { hours } = await readBack(join(directory, 'state'))
        assert.equal(hours[0][0] === null, name === 'no times')
      }))
  }
}
