// Ingest, commit and recovery in simulated worlds: the invariants hold for every seed.
//   npm run simulate -- --seeds 5000
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { BUGS } from './planted.ts'
import { describeFailure, seedsToFind, simulate, unreached } from './simulate.ts'
import { SITUATIONS } from './situations.ts'

const SEED = Number(process.env.XDR_PULSE_SEED ?? Date.now() % 2 ** 31)
/** Enough to reach every situation. */
const FIXED_SEEDS = 120
const RANDOM_SEEDS = 80
/** Within as many seeds each planted bug is found. */
const MOST_SEEDS = 40

test('the invariants hold, and every situation is reached', async () => {
  const found = await simulate(1, FIXED_SEEDS)
  assert.ok(found.failed.length === 0, found.failed.map(describeFailure).join('\n\n'))
  const missing = unreached(found).map((name) => SITUATIONS[name])
  assert.deepEqual(missing, [], 'situations that no seed reached: the simulation shows too little')
})

test('the invariants hold for seeds that differ from run to run', async () => {
  const found = await simulate(SEED, RANDOM_SEEDS)
  assert.ok(found.failed.length === 0, found.failed.map(describeFailure).join('\n\n'))
})

describe('a planted bug is found', () => {
  for (const bug of BUGS) {
    test(bug.name, async () => {
      const seeds = await seedsToFind(bug, 1, MOST_SEEDS)
      assert.notEqual(seeds, null, `${MOST_SEEDS} seeds did not find it`)
    })
  }
})
