// What every bench can be told: how large, how often; small sizes make them quick enough to test.
import { parseArgs } from 'node:util'

export interface BenchOptions {
  rows: number
  subscribers: number
  runs: number
  /** Sizes of the growth bench, in subscribers. */
  sizes: number[]
  /** Rows a second that are produced while the benches of latency and restart look. */
  rate: number
  /** How long the bench of latency looks; how long that of restart reads before each kill. */
  seconds: number
  /** Which configurations of Kafka Streams stand beside: all of them, its best, or none. */
  peer: 'all' | 'best' | 'none'
}

const USUAL: BenchOptions = {
  rows: 2_000_000,
  subscribers: 500_000,
  runs: 3,
  sizes: [100_000, 500_000, 1_000_000, 5_000_000],
  rate: 50_000,
  seconds: 30,
  peer: 'all',
}

/** Reads the arguments behind the name of a bench. Throws a TypeError for an unknown one. */
export function readOptions(args: string[], own: Partial<BenchOptions> = {}): BenchOptions {
  const usual = { ...USUAL, ...own }
  const text = (value: string | number): { type: 'string'; default: string } => ({
    type: 'string',
    default: String(value),
  })
  const { values } = parseArgs({
    args,
    options: {
      rows: text(usual.rows),
      subscribers: text(usual.subscribers),
      runs: text(usual.runs),
      sizes: text(usual.sizes.join(',')),
      rate: text(usual.rate),
      seconds: text(usual.seconds),
      peer: text(usual.peer),
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
  }
}
