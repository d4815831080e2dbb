// Reprocesses rejected messages after a correction: those that are records now are applied.
import { REASONS, type Reason } from '../../src/record/batch.ts'
import { PLACE } from '../../src/record/columns.ts'
import { eventTimeOf } from '../../src/record/event-time.ts'
import { rowOfKey, sourceOfKey } from '../../state/keys.ts'
import { zeros, type SourcePosition } from '../../state/partition-metadata.ts'
import { loadPartition, type Partition } from '../../state/partition.ts'
import { readCutover } from '../../state/store.ts'
import { openStores, type StateOptions } from '../../state/writer.ts'
import { DECODED, WAITING, type MessageFormat } from './log/message-format.ts'
import { createMessageRows, scaleDurations } from './log/message-rows.ts'
import type { MessageRows, RawMessage } from './log/message-rows.ts'
import { createIngestStats, type IngestStats } from '../ingest/ingest-stats.ts'

/** What to reprocess, and how messages are decoded now. */
export interface ReprocessOptions {
  stateDirectory: string
  state: StateOptions
  format: MessageFormat
  /** Only rows rejected for this reason; null for all. */
  reason: Reason | null
  /** Maximum number of rejected rows kept per partition. */
  keepRejected: number
}

/** The outcomes of the kept rejected rows. */
export interface ReprocessResult {
  /** Messages that were decoded again. */
  tried: number
  applied: number
  /** Rows that belong to the history's side of a cut-over. */
  excluded: number
  /** Rejected again, by reason. */
  rejected: Record<string, number>
  /** Rows of files, which are not reprocessed: correct and replay the files. */
  ofFiles: number
}

/** Bounds the memory between commits. */
const ROWS_PER_COMMIT = 10_000
/** Selects row 0. */
const FIRST_ROW = new Uint32Array(1)

/**
 * Reprocesses the rejected messages of a state. Each leaves the rejected rows and enters the
 * aggregates in one commit, so that a crash in between neither loses nor doubles a row.
 *
 * @throws PulseError `state-locked` while a process writes the state
 */
export async function reprocessRejected(options: ReprocessOptions): Promise<ReprocessResult> {
  const state = await openStores(options.stateDirectory, options.state, 'rejected --reprocess')
  const result = { tried: 0, applied: 0, excluded: 0, rejected: zeros(REASONS), ofFiles: 0 }
  const validation = { missingMsisdnZero: options.state.missingMsisdn === 'zero' }
  const { keepRejected } = options
  const stats = createIngestStats(validation, { commitIntervalMs: 0, keepRejected }, 1)
  try {
    const cutoverMs = readCutover(state.stores[0])
    for (const store of state.stores) {
      if (store.rejected.getKeysCount({ limit: 1 }) === 0) continue
      const partition = loadPartition(store)
      const rows = createMessageRows(1)
      await reprocessPartition({ partition, rows, stats, cutoverMs, options, result })
    }
    return result
  } finally {
    await state.close()
  }
}

interface Reprocessing {
  partition: Partition
  /** Room for one message. */
  rows: MessageRows
  stats: IngestStats
  cutoverMs: number | null
  options: ReprocessOptions
  result: ReprocessResult
}

/** A rejected message, and the source it is of. */
interface Rejected {
  key: Buffer
  reason: Reason
  raw: string
  source: string
  position: SourcePosition
}

async function reprocessPartition(context: Reprocessing): Promise<void> {
  const { partition, stats, options, result } = context
  // Keys hold the first 32 characters of a source.
  const sources = new Map([...partition.positions.keys()].map((id) => [id.slice(0, 32), id]))
  // The list is read first: rows that are rejected again are written under the same keys.
  const kept = [...partition.store.rejected.getRange()].map(({ key, value }) => {
    const [reason, raw] = value as [Reason, string]
    return { key, reason, raw }
  })
  for (const row of kept) {
    if (options.reason !== null && row.reason !== options.reason) continue
    const source = sources.get(sourceOfKey(row.key)) ?? ''
    const position = partition.positions.get(source)
    if (position?.kind !== 'topic') {
      result.ofFiles++
      continue
    }
    result.tried++
    await reprocessOne(context, { ...row, source, position })
    if (result.tried % ROWS_PER_COMMIT === 0) stats.commit([partition])
  }
  stats.commit([partition])
}

/** Removes one row from the rejected rows, and handles it like a row that has just been read. */
async function reprocessOne(context: Reprocessing, rejected: Rejected): Promise<void> {
  const { partition, rows, stats, cutoverMs, options, result } = context
  const { key, reason, raw, source, position } = rejected
  const { value, timestampMs } = JSON.parse(raw) as RawMessage
  const values = rows.columns.map((column) => column.values)
  const outcome = await decode(options.format, value, values)
  partition.reprocessed.push({ key, bytes: raw.length })
  partition.moved.add(source)
  partition.counters.rejected[reason]--
  position.rejected--
  if (outcome !== DECODED) {
    partition.counters.rejected[REASONS[outcome - 1]]++
    rejectAgain(context, rejected, REASONS[outcome - 1])
    return
  }
  rows.count = 1
  rows.outcome[0] = DECODED
  rows.ownUnit[0] = options.format.hasOwnUnit() ? 1 : 0
  const start = eventTimeOf(values[PLACE.start][0], values[PLACE.startMs][0])
  if (cutoverMs !== null && (Number.isNaN(start) ? timestampMs : start) < cutoverMs) {
    position.excluded++
    result.excluded++
    return
  }
  scaleDurations(rows, position.durationUnit)
  const applied = stats.applier.apply(partition, rows, FIRST_ROW, 1)
  position.applied += applied
  result.applied += applied
  // The applier has counted the rejection; the row still has to be kept.
  if (applied === 0) rejectAgain(context, rejected, REASONS[stats.applier.outcome[0] - 1])
}

function rejectAgain(
  { partition, result }: Reprocessing,
  { key, raw, position }: Rejected,
  reason: Reason,
): void {
  position.rejected++
  result.rejected[reason]++
  partition.rejected.push({ source: sourceOfKey(key), row: rowOfKey(key), reason, raw })
}

/** Decodes a message into row 0; fetches its schema first if it is not known. */
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
