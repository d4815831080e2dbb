// What every bench can be told: how large, how often; small sizes make them quick enough to test.
import { parseArgs } from 'node:util'

export interface BenchOptions {
  rows: number
  subscribers: number
  runs: number
  /** Sizes of the growth bench, in subscribers. */
  sizes: number[]
}

/** Reads the arguments behind the name of a bench. Throws a TypeError for an unknown one. */
export function readOptions(args: string[]): BenchOptions {
  const { values } = parseArgs({
    args,
    options: {
      rows: { type: 'string', default: '2000000' },
      subscribers: { type: 'string', default: '500000' },
      runs: { type: 'string', default: '3' },
      sizes: { type: 'string', default: '100000,500000,1000000,5000000' },
    },
  })
  return {
    rows: Number(values.rows),
    subscribers: Number(values.subscribers),
    runs: Number(values.runs),
    sizes: values.sizes.split(',').map(Number),
  }
}
