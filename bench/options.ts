// The options of all benches; with small sizes they are fast enough for tests.
import { parseArgs } from 'node:util'

/** The options of a bench; each bench uses some of them. */
export interface BenchOptions {
  rows: number
  subscribers: number
  runs: number
  /** Subscribers of each step of the growth bench. */
  sizes: number[]
  /** Rows per second that are produced during the latency and restart benches. */
  rate: number
  /** Duration of the latency bench; reading time before each kill of the restart bench. */
  seconds: number
  /** Configurations of Kafka Streams to compare: all, the fastest, or none. */
  peer: 'all' | 'best' | 'none'
  /** Whether figures are kept in bench/history.jsonl. */
  record: boolean
}

const DEFAULTS: BenchOptions = {
  rows: 2_000_000,
  subscribers: 500_000,
  runs: 3,
  sizes: [100_000, 500_000, 1_000_000, 5_000_000],
  rate: 50_000,
  seconds: 30,
  peer: 'all',
  record: false,
}

/**
 * Reads the arguments after the name of a bench.
 *
 * @param own the bench's own defaults
 * @throws TypeError for an unknown option or value
 */
export function readOptions(args: string[], own: Partial<BenchOptions> = {}): BenchOptions {
  const defaults = { ...DEFAULTS, ...own }
  const text = (value: string | number): { type: 'string'; default: string } => ({
    type: 'string',
    default: String(value),
  })
  const { values } = parseArgs({
    args,
    options: {
      rows: text(defaults.rows),
      subscribers: text(defaults.subscribers),
      runs: text(defaults.runs),
      sizes: text(defaults.sizes.join(',')),
      rate: text(defaults.rate),
      seconds: text(defaults.seconds),
      peer: text(defaults.peer),
      record: { type: 'boolean', default: defaults.record },
    },
  })
  const { peer } = values
  if (peer !== 'all' && peer !== 'best' && peer !== 'none') {
    throw new TypeError(`--peer is "${peer}", expected all, best or none`)
  }
  return {
    rows: Number(values.rows),
    subscribers: Number(values.subscribers),
    runs: Number(values.runs),
    sizes: values.sizes.split(',').map(Number),
    rate: Number(values.rate),
    seconds: Number(values.seconds),
    peer,
    record: values.record,
  }
}
