// Simulates ingest, commit and recovery: each seed decides interleavings, crashes and errors.
//   npm run simulate -- --seeds 5000
//   npm run simulate -- --seed 123 --seeds 1
import { parseArgs } from 'node:util'
import { describeFailure, simulate, unreached } from '../test/simulation/simulate.ts'
import { SITUATIONS } from '../test/simulation/situations.ts'

/** With fewer seeds, rare situations may be missing. */
const ENOUGH_SEEDS = 1000

const { values } = parseArgs({
  options: { seeds: { type: 'string', default: '1000' }, seed: { type: 'string' } },
})
const seeds = Number(values.seeds)
const first = Number(values.seed ?? Date.now() % 2 ** 31)
if (!(Number.isSafeInteger(seeds) && seeds > 0 && Number.isSafeInteger(first))) {
  process.stderr.write('--seeds and --seed are whole numbers, expected --seeds above 0\n')
  process.exit(2)
}

const begun = performance.now()
const found = await simulate(first, seeds, (failure) => {
  process.stdout.write(`${describeFailure(failure)}\n\n`)
})
const minutes = (performance.now() - begun) / 60_000
const rate = Math.round(seeds / minutes)
const cpuMs = (process.cpuUsage().user + process.cpuUsage().system) / 1000 / seeds
for (const [name, sentence] of Object.entries(SITUATIONS)) {
  const count = found.reached[name as keyof typeof SITUATIONS]
  process.stdout.write(`${String(count).padStart(8)}  ${sentence}\n`)
}
process.stdout.write(
  `${seeds} seeds from ${first} on, ${found.failed.length} failed; ${rate} seeds per minute, ` +
    `${cpuMs.toFixed(1)} ms of CPU each\n`,
)
const missing = unreached(found)
if (seeds >= ENOUGH_SEEDS && missing.length > 0) {
  process.stdout.write(`no seed reached: ${missing.join(', ')}\n`)
}
process.exitCode = found.failed.length > 0 || (seeds >= ENOUGH_SEEDS && missing.length > 0) ? 1 : 0
