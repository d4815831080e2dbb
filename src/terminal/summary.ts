// The account of a replay: what became of every row.
import type { IngestProgress } from '../../consumers/ingest/progress.ts'
import { tableText } from './table.ts'

/** The account for machines; rows = applied + alreadyApplied + the sum of refused. */
export interface Account {
  rows: number
  applied: number
  alreadyApplied: number
  refused: Record<string, number>
  coerced: Record<string, number>
  missing: Record<string, number>
  subscribers: number
  complete: boolean
}

export const accountOf = ({ counters, subscribers, done }: IngestProgress): Account => ({
  rows: counters.rows,
  applied: counters.applied,
  alreadyApplied: counters.duplicate,
  refused: counters.refused,
  coerced: counters.coerced,
  missing: counters.missing,
  subscribers,
  complete: done,
})

/** The account for people; reasons and columns without a count are left out. */
export function accountText(account: Account, stateDirectory: string): string {
  const some = (counts: Record<string, number>): [string, number][] =>
    Object.entries(counts).filter(([, count]) => count > 0)
  const rows: [string, number][] = [
    ['rows read', account.rows],
    ['applied', account.applied],
    ['already applied', account.alreadyApplied],
    ...some(account.refused).map(([reason, n]): [string, number] => [`refused: ${reason}`, n]),
    ...some(account.coerced).map(([column, n]): [string, number] => [`coerced: ${column}`, n]),
    ...some(account.missing).map(([column, n]): [string, number] => [`missing: ${column}`, n]),
    ['subscribers now', account.subscribers],
  ]
  const lines = [tableText([['account', 'count'], ...rows])]
  if (!account.complete) {
    lines.push('Stopped before the end: run the same command again to go on from here.')
  } else if (account.applied === 0 && account.alreadyApplied > 0) {
    lines.push(`Nothing was applied: ${stateDirectory} already holds all of these rows.`)
  }
  return lines.join('\n')
}
