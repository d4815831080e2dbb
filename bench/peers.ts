// The peers of each part on the same work: engines on Parquet, scikit-learn on k-means, consumers.
import { recordFigures } from './history.ts'
import { compareKmeans } from './kmeans-peer.ts'
import type { BenchOptions } from './options.ts'
import { comparePeersOfReplay } from './parquet-peers.ts'

/** Prints a table per part; `--record` keeps the figures in bench/history.jsonl. */
export async function benchPeers(options: BenchOptions): Promise<void> {
  if (options.record) recordFigures()
  await comparePeersOfReplay(options)
  await compareKmeans(options)
}
