// Reprocesses rejected messages after a correction: those that are records now are applied.
import { REASONS, type Reason } from '../../src/record/batch.ts'
import { PLACE } from '../../src/record/columns.ts'
import { setFormats } from '../../src/record/decode/text-reading.ts'
import { eventTimeOf } from '../../src/record/event-time.ts'
import { columnsOf, unitsOf, type SourceColumns } from '../../src/record/source-units.ts'
import { rowOfKey, sourceOfKey } from '../../state/keys.ts'
import { zeros, type SourcePosition } from '../../state/partition-metadata.ts'
import { sizeOfStored, type StoredRow } from '../../state/rejected-rows.ts'
import { loadPartition, type Partition } from '../../state/partition.ts'
import { readCutover } from '../../state/store.ts'
import { openStores, type StateOptions } from '../../state/writer.ts'
import {
  createJsonColumns,
  noteColumns,
  rejectIncomplete,
  seenNames,
  type JsonColumns,
} from './log/json-columns.ts'
import { detailOf } from './log/message-detail.ts'
import { DECODED, OTHER_TYPE, type MessageFormat } from './log/message-format.ts'
import { createMessageRows, scaleRows } from './log/message-rows.ts'
import type { MessageRows, RawMessage } from './log/message-rows.ts'
import { decodeStored } from './log/stored-message.ts'
import { createIngestStats, type IngestStats } from '../ingest/ingest-stats.ts'

/** What to reprocess, and how messages are decoded now. */
export interface ReprocessOptions {
  stateDirectory: string
  state: StateOptions
  /** Decodes messages of a source. */
  formatOf: (source: SourceColumns) => MessageFormat
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
  /** Messages of record types that are not read. */
  otherTypes: number
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
  const counts = { tried: 0, applied: 0, excluded: 0, otherTypes: 0, ofFiles: 0 }
  const result = { ...counts, rejected: zeros(REASONS) }
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

/** The topic that a rejected message is of. */
interface Source {
  id: string
  position: SourcePosition
  format: MessageFormat
  json: JsonColumns
}

/** A rejected message. */
interface Rejected {
  key: Buffer
  reason: Reason
  raw: string
  /** Its size in the counters of the partition. */
  bytes: number
}

async function reprocessPartition(context: Reprocessing): Promise<void> {
  const { partition, stats, options, result } = context
  // Keys hold the first 32 characters of a source.
  const ids = new Map([...partition.positions.keys()].map((id) => [id.slice(0, 32), id]))
  // The list is read first: rows that are rejected again are written under the same keys.
  const kept = [...partition.store.rejected.getRange()].map(({ key, value }) => {
    const [reason, raw] = value as StoredRow
    return { key, reason, raw, bytes: sizeOfStored(value as StoredRow) }
  })
  const wanted = kept.filter(({ reason }) => (options.reason ?? reason) === reason)
  for (const [id, rejected] of Map.groupBy(wanted, ({ key }) => ids.get(sourceOfKey(key)) ?? '')) {
    const position = partition.positions.get(id)
    if (position?.kind === 'topic') await reprocessSource(context, { id, position }, rejected)
    else result.ofFiles += rejected.length
  }
  stats.commit([partition])
}

async function reprocessSource(
  context: Reprocessing,
  { id, position }: Pick<Source, 'id' | 'position'>,
  rejected: readonly Rejected[],
): Promise<void> {
  const { partition, rows, stats, options, result } = context
  const columns = columnsOf(position)
  const format = options.formatOf(columns)
  const json = createJsonColumns(position.name, columns.mapped, position.jsonColumns ?? [])
  // A column that one message names is missing in others, whatever their order.
  for (const { raw } of rejected) {
    await decodeStored(format, JSON.parse(raw) as RawMessage, rows)
    noteColumns(json, rows)
  }
  for (const row of rejected) {
    result.tried++
    await reprocessOne(context, { id, position, format, json }, row)
    if (result.tried % ROWS_PER_COMMIT === 0) stats.commit([partition])
  }
}

/** Removes one row from the rejected rows, and handles it like a row that has just been read. */
async function reprocessOne(
  context: Reprocessing,
  source: Source,
  rejected: Rejected,
): Promise<void> {
  const { partition, rows, stats, cutoverMs, result } = context
  const { key, reason, raw, bytes } = rejected
  const { position, format, json } = source
  const message = JSON.parse(raw) as RawMessage
  setFormats(format.texts, unitsOf(position))
  await decodeStored(format, message, rows)
  rejectIncomplete(json, rows)
  const [outcome] = rows.outcome
  partition.reprocessed.push({ key, bytes })
  partition.moved.add(source.id)
  partition.counters.rejected[reason]--
  position.rejected--
  if (outcome === OTHER_TYPE) {
    position.skipped++
    position.otherTypes = (position.otherTypes ?? 0) + 1
    result.otherTypes++
    return
  }
  if (outcome !== DECODED) {
    partition.counters.rejected[REASONS[outcome - 1]]++
    rejectAgain(context, position, rejected, REASONS[outcome - 1])
    return
  }
  if (json.seen !== 0) position.jsonColumns = seenNames(json)
  const [start, startMs] = [PLACE.start, PLACE.startMs].map((at) => rows.columns[at].values[0])
  const time = eventTimeOf(start, startMs)
  if (cutoverMs !== null && (Number.isNaN(time) ? message.timestampMs : time) < cutoverMs) {
    position.excluded++
    result.excluded++
    return
  }
  scaleRows(rows, unitsOf(position))
  const applied = stats.applier.apply(partition, rows, FIRST_ROW, 1)
  position.applied += applied
  result.applied += applied
  // The applier has counted the rejection; the row still has to be kept.
  if (applied === 0) rejectAgain(context, position, rejected, REASONS[stats.applier.outcome[0] - 1])
}

function rejectAgain(
  { partition, rows, result }: Reprocessing,
  position: SourcePosition,
  { key, raw }: Rejected,
  reason: Reason,
): void {
  position.rejected++
  result.rejected[reason]++
  const row = { source: sourceOfKey(key), row: rowOfKey(key), reason, raw }
  const detail = detailOf(rows, 0, reason)
  partition.rejected.push(detail === null ? row : { ...row, detail })
}
