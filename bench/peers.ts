// The peers of each part on the same work: engines on Parquet, scikit-learn on k-means, consumers.
import { recordFigures } from './history.ts'
import { comparePeersOfKafka } from './kafka-peers.ts'
import { compareKmeans } from './kmeans-peer.ts'
import type { BenchOptions } from './options.ts'
import { comparePeersOfReplay } from './parquet-peers.ts'

const PARTS: ReadonlyMap<string, (options: BenchOptions) => Promise<void>> = new Map([
  ['parquet', comparePeersOfReplay],
  ['k-means', compareKmeans],
  ['kafka', comparePeersOfKafka],
])

/** Prints a table per part; `--record` keeps the figures in bench/history.jsonl. */
export async function benchPeers(options: BenchOptions): Promise<void> {
  if (options.record) recordFigures()
  for (const part of options.parts) {
    const compare = PARTS.get(part)
    if (compare === undefined) {
      throw new TypeError(`--parts has "${part}", expected some of ${[...PARTS.keys()].join(', ')}`)
    }
    await compare(options)
  }
}
