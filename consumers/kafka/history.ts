// History, then live: files are applied to the partitions their keys belong to, up to a cut-over.
//
// The cut-over is written down before the first row is applied, so a crash in either phase goes on
// with the same one. Below it rows are the files', from it on the topic's: each is counted as
// `excluded` on the other side, and none twice.
import type { Partition } from '../../state/partition.ts'
import { readCutover, writeCutover } from '../../state/store.ts'
import { CHUNK_ROWS, type DuckDBConnection } from '../../src/duckdb.ts'
import { PulseError } from '../../src/errors.ts'
import type { TopicConsumerOptions } from './options.ts'
import { inspectFiles, prepareFiles, withFiles, type FileRun } from '../files/run.ts'
import { lastEventTime } from '../../src/parquet/rows.ts'
import type { SourceNote } from '../../src/record/duration-unit.ts'
import { createIngestStats, type IngestStats } from '../ingest/ingest-stats.ts'

/** A history under way. */
export interface HistoryRun extends Pick<FileRun, 'totalRows'> {
  sources: SourceNote[]
  stats: IngestStats
}

/**
 * Applies files to all partitions of a state; on return they are durable.
 *
 * @param onReady is given the run before its first row
 * @returns the cut-over (UTC ms)
 * @throws PulseError `state-options` for a state that reads the topic already, or has another
 *   cut-over; those of the files
 */
export async function applyHistory(
  partitions: readonly Partition[],
  options: TopicConsumerOptions,
  stop: AbortSignal,
  onReady: (run: HistoryRun) => void,
): Promise<number> {
  const missingMsisdnZero = options.state.missingMsisdn === 'zero'
  const stats = createIngestStats({ missingMsisdnZero }, options, CHUNK_ROWS)
  return withFiles('max', async (connection) => {
    const files = await inspectFiles(connection, options.history, options.state)
    const cutoverMs = await decideCutover(connection, partitions, files.readables, options)
    const how = { speed: 'max' as const, cutoverMs, stop }
    const { totalRows, run } = prepareFiles(partitions, files, connection, stats, how)
    onReady({ totalRows, sources: files.sources, stats })
    await run()
    return cutoverMs
  })
}

async function decideCutover(
  connection: DuckDBConnection,
  partitions: readonly Partition[],
  readables: Parameters<typeof lastEventTime>[1],
  { cutover }: TopicConsumerOptions,
): Promise<number> {
  const [{ store }] = partitions
  const known = readCutover(store)
  if (known !== null) {
    if (cutover !== 'auto' && cutover !== known) throw differs(known, cutover)
    return known
  }
  if (partitions.some(({ positions }) => [...positions.values()].some(isLive))) throw live()
  const wanted = cutover === 'auto' ? await lastEventTime(connection, readables) : cutover
  // Whole milliseconds, and behind the last: rows of that moment are the files'.
  const decided = cutover === 'auto' ? Math.floor(wanted) + 1 : wanted
  writeCutover(store, decided)
  return decided
}

const isLive = ({ kind }: { kind: string }): boolean => kind === 'topic'

const differs = (known: number, asked: number): PulseError =>
  new PulseError(
    'state-options',
    `the state has its cut-over at ${new Date(known).toISOString()}, --cutover asks for ` +
      `${new Date(asked).toISOString()}; leave it out, or begin in another --state directory`,
  )

const live = (): PulseError =>
  new PulseError(
    'state-options',
    'the state already reads a topic, and rows of a history might be in it twice; a history comes ' +
      'first: give both to a new --state directory',
  )
