// `backup`: copies a state directory, also while it is written. `restore`: makes one from a copy.
import { backupState, restoreState, type StateCopy } from '../../state/backup.ts'
import type { Values } from '../config.ts'
import { bytesText } from '../snapshot/units.ts'
import { print, tableText } from '../terminal/table.ts'

/** Copies the state directory to a new directory in `target`, and prints what the copy holds. */
export async function backup(
  target: string,
  values: Pick<Values, 'state' | 'keep' | 'json'>,
): Promise<void> {
  const { deleted, ...copy } = await backupState(values.state, target, values.keep)
  print(values, { ...summaryOf(copy), deleted }, () => {
    const lines = deleted.map((name) => `deleted the former backup ${name}`)
    return [copyText('backup', copy), ...lines].join('\n')
  })
}

/** Makes the state directory from a backup, and prints what it holds. */
export async function restore(from: string, values: Pick<Values, 'state' | 'json'>): Promise<void> {
  const copy = await restoreState(from, values.state)
  print(values, summaryOf(copy), () => copyText('restored', copy))
}

function summaryOf({ directory, bytes, stamp, partitions }: StateCopy) {
  const sum = (of: 'subscribers' | 'applied'): number =>
    partitions.reduce((total, { counters }) => total + counters[of], 0)
  const sources = partitions.flatMap(({ partition, positions }) =>
    positions.map(([source, { name, kind, next }]) => ({ source, name, kind, partition, next })),
  )
  const totals = { subscribers: sum('subscribers'), applied: sum('applied') }
  return { directory, bytes, stamp, ...totals, sources }
}

function copyText(what: string, copy: StateCopy): string {
  const { directory, bytes, subscribers, applied, sources } = summaryOf(copy)
  return [
    tableText([
      [what, ''],
      ['directory', directory],
      ['size', bytesText(bytes)],
      ['subscribers', subscribers],
      ['rows applied', applied],
    ]),
    tableText([
      ['source', 'partition', 'continues at'],
      ...sources.map(({ name, partition, next }) => [name, partition, next]),
    ]),
  ].join('\n\n')
}
