// Runs rejected messages through again after a mend: what is a record now is applied in their place.
import { REASONS, type Reason } from '../../src/record/batch.ts'
import { eventTimeOf } from '../../src/record/event-time.ts'
import { rowOfKey, sourceOfKey } from '../../state/keys.ts'
import { zeros, type SourcePosition } from '../../state/partition-metadata.ts'
import { loadPartition, type Partition } from '../../state/partition.ts'
import { readCutover } from '../../state/store.ts'
import { openStores, type StateOptions } from '../../state/writer.ts'
import { DECODED, WAITING, type MessageFormat } from './log/message-format.ts'
import { createMessageRows, scaleDurations, type RawMessage } from './log/message-rows.ts'
import { createIngestStats, type IngestStats } from '../ingest/ingest-stats.ts'

export interface ReprocessOptions {
  stateDirectory: string
  state: StateOptions
  format: MessageFormat
  /** Only rows rejected for it; null for all. */
  reason: Reason | null
  keepRejected: number
}

/** What became of the kept rows that were tried again. */
export interface ReprocessResult {
  tried: number
  applied: number
  /** Rows of the history's side of a cut-over. */
  excluded: number
  /** Rejected again, by reason. */
  rejected: Record<string, number>
  /** Rows of files: mend and replay those. */
  ofFiles: number
}

/** Removed and added in one commit. */
const ROWS_A_COMMIT = 10_000

/**
 * Tries rejected messages of a state again. Each leaves the rejected rows and enters the aggregates in
 * one commit, so a crash in between loses and doubles nothing.
 *
 * @throws PulseError `state-locked` while a process writes the state
 */
export async function reprocessRejected(options: ReprocessOptions): Promise<ReprocessResult> {
  const state = await openStores(options.stateDirectory, options.state, 'rejected --context')
  const result = { tried: 0, applied: 0, excluded: 0, rejected: zeros(REASONS), ofFiles: 0 }
  const validation = { missingMsisdnZero: options.state.missingMsisdn === 'zero' }
  const { keepRejected } = options
  const stats = createIngestStats(validation, { commitIntervalMs: 0, keepRejected }, 1)
  try {
    const cutoverMs = readCutover(state.stores[0])
    for (const store of state.stores) {
      if (store.rejected.getKeysCount({ limit: 1 }) === 0) continue
      const partition = loadPartition(store)
      await reprocessPartition({ partition, stats, cutoverMs, options, result })
    }
    return result
  } finally {
    await state.close()
  }
}

interface Reprocessing {
  partition: Partition
  stats: IngestStats
  cutoverMs: number | null
  options: ReprocessOptions
  result: ReprocessResult
}

async function reprocessPartition(context: Reprocessing): Promise<void> {
  const { partition, stats, options, result } = context
  const sources = new Map([...partition.positions].map(([id, of]) => [id.slice(0, 32), of]))
  const tryOne = createTrial(context)
  // The list is taken first: rows that are rejected again are written back under the same keys.
  const kept = [...partition.store.rejected.getRange()].map(({ key, value }) => {
    const [reason, raw] = value as [Reason, string]
    return { key, reason, raw }
  })
  for (const { key, reason, raw } of kept) {
    if (options.reason !== null && reason !== options.reason) continue
    const position = sources.get(sourceOfKey(key))
    if (position?.kind !== 'topic') {
      result.ofFiles++
      continue
    }
    result.tried++
    await tryOne(key, position, reason, raw)
    if (result.tried % ROWS_A_COMMIT === 0) stats.commit([partition])
  }
  stats.commit([partition])
}

/** Takes one row back from the rejected ones, and deals with it as if it had just been read. */
function createTrial({ partition, stats, cutoverMs, options, result }: Reprocessing) {
  const rows = createMessageRows(1)
  const values = rows.columns.map((column) => column.values)
  const selected = new Uint32Array(1)
  return async (
    key: Buffer,
    position: SourcePosition,
    reason: Reason,
    raw: string,
  ): Promise<void> => {
    const { value, timestampMs } = JSON.parse(raw) as RawMessage
    const outcome = await decode(options.format, value, values)
    partition.reprocessed.push({ key, bytes: raw.length })
    partition.moved.add(sourceOf(partition, position))
    partition.counters.rejected[reason]--
    position.rejected--
    const reject = (again: Reason): void => {
      position.rejected++
      result.rejected[again]++
      const [source, row] = [sourceOfKey(key), rowOfKey(key)]
      partition.rejected.push({ source, row, reason: again, raw })
    }
    if (outcome !== DECODED) {
      partition.counters.rejected[REASONS[outcome - 1]]++
      reject(REASONS[outcome - 1])
      return
    }
    rows.count = 1
    rows.outcome[0] = DECODED
    const start = eventTimeOf(values[2][0], values[3][0])
    if (cutoverMs !== null && (Number.isNaN(start) ? timestampMs : start) < cutoverMs) {
      position.excluded++
      result.excluded++
      return
    }
    if (position.durationUnit === 's') scaleDurations(rows)
    const applied = stats.applier.apply(partition, rows, selected, 1)
    position.applied += applied
    result.applied += applied
    // The applier has counted the rejection; only the row is still to be kept.
    if (applied === 0) reject(REASONS[stats.applier.outcome[0] - 1])
  }
}

const sourceOf = ({ positions }: Partition, position: SourcePosition): string =>
  [...positions].find(([, of]) => of === position)?.[0] ?? ''

async function decode(
  format: MessageFormat,
  value: string | null,
  values: readonly Float64Array[],
): Promise<number> {
  if (value === null) return 1 + REASONS.indexOf('no-value')
  const bytes = Buffer.from(value, 'base64')
  const outcome = format.decode(bytes, 0, bytes.length, values, 0)
  if (outcome !== WAITING) return outcome
  await format.learn(format.wanted())
  return format.decode(bytes, 0, bytes.length, values, 0)
}
