// The short run of a row as a test.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runRow } from './run-row.ts'
import type { FaultRow } from './fault-row.ts'

/** The seed of XDR_PULSE_SEED, else another one in each run. */
const SEED = Number(process.env['XDR_PULSE_SEED'] ?? Date.now() % 100_000)

/** Declares the test of a row: its short run. Without its tools it is skipped; under CI it fails. */
export function testRow(row: FaultRow): void {
  test(`row ${row.number}: ${row.title}, seed ${SEED}`, async (t) => {
    const budget = { seed: SEED, from: 0, rounds: row.shortRounds, minutes: Infinity }
    const { outcome, reason, reached } = await runRow(row, budget)
    if (outcome === 'not run' && process.env['CI'] === undefined) {
      t.skip(reason)
      return
    }
    t.diagnostic(JSON.stringify(reached))
    assert.equal(outcome, 'held', reason)
  })
}
