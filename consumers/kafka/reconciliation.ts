// The account of every source: what became of all rows that were ever read of it.
import type { SourcePosition } from '../../state/partition-metadata.ts'
import { readPositions } from '../../state/partition.ts'
import { beginRead, readHeld, type PartitionStore } from '../../state/store.ts'
import type { SourceAccount } from '../ingest/progress.ts'

/**
 * Accounts by source, over all partitions of a state; of a topic only partitions that are held.
 * `gap` is 0 unless we have a bug: rows that are neither applied, nor duplicate, nor refused.
 */
export function accountSources(stores: readonly PartitionStore[]): SourceAccount[] {
  const accounts = new Map<string, SourceAccount>()
  for (const store of stores) {
    const held = readHeld(store)
    for (const [source, position] of positionsOf(store)) {
      if (position.order === 'log' && !held) continue
      const account = accounts.get(source) ?? createAccount(position)
      addPosition(account, position)
      accounts.set(source, account)
    }
  }
  for (const account of accounts.values()) {
    account.gap = account.read - account.applied - account.duplicate - account.refused
  }
  return [...accounts.values()]
}

const createAccount = ({ name, order }: SourcePosition): SourceAccount => {
  const counts = { read: 0, applied: 0, duplicate: 0, refused: 0, gap: 0 }
  return { name, kind: order === 'log' ? 'topic' : 'file', ...counts }
}

function addPosition(account: SourceAccount, position: SourcePosition): void {
  account.applied += position.applied
  account.duplicate += position.covered
  account.refused += position.refused
  const rows = position.position - position.first - position.skipped
  // Every partition knows how far a file was read; of a log each one reads its own.
  account.read = account.kind === 'file' ? Math.max(account.read, rows) : account.read + rows
}

function positionsOf(store: PartitionStore): Map<string, SourcePosition> {
  const { transaction, finish } = beginRead(store)
  try {
    return readPositions(store, transaction)
  } finally {
    finish()
  }
}
