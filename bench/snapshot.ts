// Bench of computeSnapshot on skewed data: `THREADS=2 node bench/snapshot.ts [subscribers] [shapes]`.
import { createCrew } from '../src/process/descent-crew.ts'
import { seededRandom } from '../src/random.ts'
import { addRows, createScan, type Scan } from '../src/snapshot/scan.ts'
import type { SnapshotOptions, StateSummary } from '../src/snapshot/schema.ts'
import { computeSnapshot } from '../src/snapshot/snapshot.ts'
import { FIELD, WIDTH } from '../src/subscriber/aggregate.ts'

/** Rows per call, similar to a scan of LMDB. */
const BLOCK = 1000

const SHAPES = ['lognormal', 'duplicates', 'outlier'] as const
type Shape = (typeof SHAPES)[number]

const STATE: StateSummary = {
  number: 1,
  hours: [],
  positions: [],
  rejected: {},
  coerced: {},
  missing: {},
}

const OPTIONS: SnapshotOptions = {
  features: ['sessions', 'durationMs', 'trafficBytes'],
  scaling: 'min-max',
  k: 3,
  top: 10,
  seed: 1,
  excludeApplications: [],
}

/** Fills a row with a subscriber whose numbers are correlated and have long tails. */
function drawRow(rows: Float64Array, offset: number, number: number, shape: Shape): void {
  const normal = (): number =>
    Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
  const engagement = 0.7 * normal()
  const draw = (scale: number, spread: number): number =>
    Math.round(scale * Math.exp(engagement + spread * normal()))
  const coarse = shape === 'duplicates' ? 1e9 : 1
  const times = shape === 'outlier' && number === 7 ? 1e4 : 1
  // A permutation, so that rows are not in order of MSISDN.
  rows[offset + FIELD.msisdn] = 33_600_000_000 + ((number * 7_919_363) % 100_000_007)
  const sessions = Math.max(1, draw(3, 0.5)) * times
  rows[offset + FIELD.records] = sessions
  rows[offset + FIELD.sessions] = sessions
  rows[offset + FIELD.durationMs] = Math.round(draw(1e7, 0.7) / coarse) * coarse * times
  rows[offset + FIELD.downlinkBytes] = Math.round(draw(1e9, 0.9) / coarse) * coarse * times
  rows[offset + FIELD.uplinkBytes] = Math.round(draw(1e8, 0.9) / coarse) * coarse * times
  for (let field: number = FIELD.applications; field < FIELD.firstStartMs; field++) {
    rows[offset + field] = Math.floor(rows[offset + FIELD.uplinkBytes] / 10)
  }
}

function scanOf(subscribers: number, shape: Shape): { scan: Scan; seconds: number } {
  const scan = createScan(OPTIONS.top)
  const rows = new Float64Array(BLOCK * WIDTH)
  let seconds = 0
  for (let first = 0; first < subscribers; first += BLOCK) {
    const count = Math.min(BLOCK, subscribers - first)
    for (let row = 0; row < count; row++) drawRow(rows, row * WIDTH, first + row, shape)
    const started = performance.now()
    addRows(scan, rows, count)
    seconds += (performance.now() - started) / 1000
  }
  return { scan, seconds }
}

/**
 * One line of the table. Memory is the largest growth of array memory between phases, including
 * garbage, in bytes per subscriber, and the largest resident set of the process so far.
 */
function measure(subscribers: number, shape: Shape): Record<string, string | number> {
  const { scan, seconds } = scanOf(subscribers, shape)
  const timings: Record<string, number> = { scan: seconds, top: 0, scale: 0, elbow: 0, kmeans: 0 }
  const held = (): number => process.memoryUsage().arrayBuffers
  const before = held()
  let most = before
  let since = performance.now()
  let current = 'top'
  const next = (phase: string): void => {
    timings[current] += (performance.now() - since) / 1000
    most = Math.max(most, held())
    since = performance.now()
    current = phase
  }
  const { snapshot } = computeSnapshot(scan, STATE, OPTIONS, next, crew)
  next('done')
  const total = Object.values(timings).reduce((sum, each) => sum + each, 0)
  return {
    shape,
    subscribers,
    ...Object.fromEntries(Object.entries(timings).map(([name, each]) => [name, each.toFixed(3)])),
    'total s': total.toFixed(3),
    'B/subscriber': Math.round((most - before) / Math.max(1, subscribers)),
    'peak MB': Math.round(process.resourceUsage().maxRSS / 1024),
    k: snapshot.segments.k,
    knee: snapshot.elbow.knee ?? 'none',
    iterations: snapshot.segments.iterations,
    inertia: snapshot.segments.inertia,
  }
}

const crew = createCrew(Number(process.env['THREADS'] ?? 1))
const random = seededRandom(1)
const subscribers = Number(process.argv[2] ?? 100_000)
const wanted = process.argv.slice(3)
const shapes = SHAPES.filter((shape) => wanted.length === 0 || wanted.includes(shape))
console.table(shapes.map((shape) => measure(subscribers, shape)))
