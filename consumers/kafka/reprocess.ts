// Runs refused messages through again after a mend: what is a record now is applied in their place.
import { REASONS, type Reason } from '../../src/record/batch.ts'
import { eventTimeOf } from '../../src/record/event-time.ts'
import { rowOfKey, sourceOfKey } from '../../state/keys.ts'
import { zeros, type SourcePosition } from '../../state/partition-metadata.ts'
import { loadPartition, type Partition } from '../../state/partition.ts'
import { readCutover } from '../../state/store.ts'
import { openStores, type StateOptions } from '../../state/writer.ts'
import { DECODED, WAITING, type MessageFormat } from './log/message-format.ts'
import { createMessageRows, scaleDurations, type RawMessage } from './log/message-rows.ts'
import { createTally, type Tally } from '../ingest/ingest-stats.ts'

export interface RetryOptions {
  stateDirectory: string
  state: StateOptions
  format: MessageFormat
  /** Only rows refused for it; null for all. */
  reason: Reason | null
  keepRefused: number
}

/** What became of the kept rows that were tried again. */
export interface RetryAccount {
  tried: number
  applied: number
  /** Rows of the history's side of a cut-over. */
  duplicate: number
  /** Refused again, by reason. */
  refused: Record<string, number>
  /** Rows of files: mend and replay those. */
  ofFiles: number
}

/** Removed and added in one commit. */
const ROWS_A_COMMIT = 10_000

/**
 * Tries refused messages of a state again. Each leaves the refused rows and enters the aggregates in
 * one commit, so a crash in between loses and doubles nothing.
 *
 * @throws PulseError `state-locked` while a process writes the state
 */
export async function retryRefused(options: RetryOptions): Promise<RetryAccount> {
  const state = await openStores(options.stateDirectory, options.state, 'refused --retry')
  const account = { tried: 0, applied: 0, duplicate: 0, refused: zeros(REASONS), ofFiles: 0 }
  const cleaning = { missingMsisdnZero: options.state.missingMsisdn === 'zero' }
  const { keepRefused } = options
  const tally = createTally(cleaning, { commitIntervalMs: 0, keepRefused }, 1)
  try {
    const cutoverMs = readCutover(state.stores[0])
    for (const store of state.stores) {
      if (store.refused.getKeysCount({ limit: 1 }) === 0) continue
      const partition = loadPartition(store)
      await retryPartition({ partition, tally, cutoverMs, options, account })
    }
    return account
  } finally {
    await state.close()
  }
}

interface Retry {
  partition: Partition
  tally: Tally
  cutoverMs: number | null
  options: RetryOptions
  account: RetryAccount
}

async function retryPartition(retry: Retry): Promise<void> {
  const { partition, tally, options, account } = retry
  const sources = new Map([...partition.positions].map(([id, of]) => [id.slice(0, 32), of]))
  const tryOne = createTrial(retry)
  // The list is taken first: rows that are refused again are written back under the same keys.
  const kept = [...partition.store.refused.getRange()].map(({ key, value }) => {
    const [reason, raw] = value as [Reason, string]
    return { key, reason, raw }
  })
  for (const { key, reason, raw } of kept) {
    if (options.reason !== null && reason !== options.reason) continue
    const position = sources.get(sourceOfKey(key))
    if (position?.order !== 'log') {
      account.ofFiles++
      continue
    }
    account.tried++
    await tryOne(key, position, reason, raw)
    if (account.tried % ROWS_A_COMMIT === 0) tally.commit([partition])
  }
  tally.commit([partition])
}

/** Takes one row back from the refused ones, and deals with it as if it had just been read. */
function createTrial({ partition, tally, cutoverMs, options, account }: Retry) {
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
    partition.mended.push({ key, bytes: raw.length })
    partition.moved.add(sourceOf(partition, position))
    partition.counters.refused[reason]--
    position.refused--
    const refuse = (again: Reason): void => {
      position.refused++
      account.refused[again]++
      const [source, row] = [sourceOfKey(key), rowOfKey(key)]
      partition.refused.push({ source, row, reason: again, raw })
    }
    if (outcome !== DECODED) {
      partition.counters.refused[REASONS[outcome - 1]]++
      refuse(REASONS[outcome - 1])
      return
    }
    rows.count = 1
    rows.outcome[0] = DECODED
    const start = eventTimeOf(values[2][0], values[3][0])
    if (cutoverMs !== null && (Number.isNaN(start) ? timestampMs : start) < cutoverMs) {
      position.covered++
      account.duplicate++
      return
    }
    if (position.durationUnit === 's') scaleDurations(rows)
    const applied = tally.applier.apply(partition, rows, selected, 1)
    position.applied += applied
    account.applied += applied
    // The applier has counted the refusal; only the row is still to be kept.
    if (applied === 0) refuse(REASONS[tally.applier.verdict[0] - 1])
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
