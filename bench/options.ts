// The options of all benches; with small sizes they are fast enough for tests.
import { parseArgs } from 'node:util'

const PEERS = ['all', 'best', 'built', 'none'] as const

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
  /** Peers in Java: all configurations, the fastest, that only where it is built, or none. */
  peer: (typeof PEERS)[number]
  /** Parts of the bench of peers. */
  parts: string[]
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
  parts: ['parquet', 'k-means', 'kafka'],
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
      parts: text(defaults.parts.join(',')),
      record: { type: 'boolean', default: defaults.record },
    },
  })
  const peer = PEERS.find((one) => one === values.peer)
  if (peer === undefined) {
    throw new TypeError(`--peer is "${values.peer}", expected one of ${PEERS.join(', ')}`)
  }
  return {
    rows: Number(values.rows),
    subscribers: Number(values.subscribers),
    runs: Number(values.runs),
    sizes: values.sizes.split(',').map(Number),
    rate: Number(values.rate),
    seconds: Number(values.seconds),
    peer,
    parts: values.parts.split(','),
    record: values.record,
  }
}
