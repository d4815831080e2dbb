// `status`: prints what a state directory holds, the positions of its sources, and its consistency.
import { hashState } from '../../state/hash.ts'
import type { SourcePosition } from '../../state/partition-metadata.ts'
import { withView, type ReadableState, type StateView } from '../../state/read.ts'
import { storeBytes } from '../../state/store.ts'
import { PulseError } from '../errors.ts'
import { unitsOf, unitsText } from '../record/source-units.ts'
import { bytesText } from '../snapshot/units.ts'
import { readPartitionCounts, violationsOf } from '../../state/conservation.ts'
import type { STATUS_OPTIONS, ValuesOf } from '../options.ts'
import { print, tableText } from '../terminal/table.ts'
import { shownView, withProgress } from '../terminal/progress.ts'

/** The most violations that the error names; JSON has all. */
const MOST_NAMED = 3

interface SourceStatus extends SourcePosition {
  source: string
  partition: number
  /** False when another member of the consumer group reads the partition now. */
  held: boolean
}

/** What is printed. Numbers outside `sources` are those of the partitions held. */
interface StateStatus {
  directory: string
  stamp: Record<string, unknown>
  /** By topic: the numbers of partitions that it has had; empty while none has grown. */
  growth: Readonly<Record<string, readonly number[]>>
  commits: number
  subscribers: number
  applied: number
  rejected: Record<string, number>
  rejectedKept: number
  /** Rejected rows that wait for a dead-letter topic. */
  undelivered: number
  coerced: Record<string, number>
  missing: Record<string, number>
  /** Null without `--hash`: it takes seconds with millions of subscribers. */
  hash: string | null
  fileBytes: number
  usedBytes: number
  /** Partitions whose rows are in the directory and in none of these numbers. */
  partitionsNotHeld: number[]
  sources: SourceStatus[]
  /** A sentence per number that is not consistent with the others. */
  violations: string[]
}

/**
 * Prints what a state directory holds and the positions of its sources.
 *
 * @throws PulseError `state-corrupt` after printing, when numbers of the state are not consistent
 */
export async function status(values: ValuesOf<typeof STATUS_OPTIONS>): Promise<void> {
  const found = await withProgress('status', (display) =>
    withView(values.state, (view, state) => {
      const shown = shownView(view, display, 'reading for the hash', 'hashing')
      return statusOf(state, view, values.hash ? hashState(shown) : null)
    }),
  )
  print(values, found, () => statusText(found))
  const { violations } = found
  if (violations.length === 0) return
  const named = violations.slice(0, MOST_NAMED).join('; ')
  const more = violations.length > MOST_NAMED ? ` (and ${violations.length - MOST_NAMED} more)` : ''
  throw new PulseError(
    'state-corrupt',
    `${values.state} is not consistent: ${named}${more}; its numbers cannot be trusted: read ` +
      'its sources into a new directory',
  )
}

function statusOf(
  state: ReadableState,
  { counters: { commit, ...counters } }: StateView,
  hash: string | null,
): StateStatus {
  const { fileBytes, usedBytes } = storeBytes(state.stores)
  const ledgers = readPartitionCounts(state)
  const { growth, ...stamp } = state.stamp
  const held = ledgers.filter((ledger) => ledger.held)
  return {
    directory: state.directory,
    stamp,
    growth: growth?.topics ?? {},
    commits: commit,
    ...counters,
    undelivered: held.reduce((sum, { undelivered }) => sum + undelivered, 0),
    hash,
    fileBytes,
    usedBytes,
    partitionsNotHeld: ledgers.filter(({ held }) => !held).map(({ partition }) => partition),
    sources: ledgers.flatMap(({ partition, held, positions }) =>
      positions.map(([source, position]) => ({ source, partition, held, ...position })),
    ),
    violations: violationsOf(ledgers),
  }
}

function statusText(found: StateStatus): string {
  const files = found.sources.filter(({ kind }) => kind === 'file')
  const topics = found.sources.filter(({ kind }) => kind === 'topic')
  return [
    stateText(found),
    ...(files.length > 0 || topics.length === 0 ? [filesText(files)] : []),
    ...(topics.length > 0 ? [topicsText(topics)] : []),
  ].join('\n\n')
}

function stateText(found: StateStatus): string {
  const rejected = Object.values(found.rejected).reduce((sum, count) => sum + count, 0)
  const notHeld = found.partitionsNotHeld.join(', ')
  return tableText([
    ['state', ''],
    ['directory', found.directory],
    ...Object.entries(found.stamp).map(([name, value]) => [name, String(value)]),
    ...Object.entries(found.growth).map(([topic, numbers]) => {
      return [`partitions of ${topic}`, numbers.join(', then ')]
    }),
    ['subscribers', found.subscribers.toLocaleString('en-US')],
    ['rows applied', found.applied.toLocaleString('en-US')],
    ['rows rejected', `${rejected.toLocaleString('en-US')} (${found.rejectedKept} kept)`],
    ...(found.undelivered === 0
      ? []
      : [['dead letters', `${found.undelivered} wait for the dead-letter topic`]]),
    ['file', `${bytesText(found.fileBytes)}, ${bytesText(found.usedBytes)} in use`],
    ...(notHeld === '' ? [] : [['not held', `partitions ${notHeld}: read by other members`]]),
    ...(found.hash === null ? [] : [['hash', found.hash]]),
    ['consistent', found.violations.length === 0 ? 'yes' : 'NO, see below'],
  ])
}

/** A former version showed no order of day and month. */
const unitText = (position: SourcePosition): string => {
  const units = { ...unitsOf(position), timeFormat: position.timeFormat ?? null }
  return `${unitsText(units, units.durationUnit)} (${units.evidence})`
}

const filesText = (files: readonly SourceStatus[]): string =>
  tableText([
    ['source', 'partition', 'position', 'rows', 'order', 'units'],
    ...files.map((at) => [
      at.name,
      at.partition,
      at.next,
      at.rows,
      at.order,
      unitText(at) + notHeldText(at),
    ]),
  ])

/** offset − first = applied + rejected + excluded + skipped. */
const topicsText = (topics: readonly SourceStatus[]): string =>
  tableText([
    [
      ...['topic', 'partition', 'offset', 'first', 'applied', 'rejected', 'excluded', 'skipped'],
      'units',
    ],
    ...topics.map((at) => [
      at.name,
      ...[at.partition, at.next, at.first, at.applied, at.rejected, at.excluded, at.skipped],
      unitText(at) + otherTypesText(at) + notHeldText(at),
    ]),
  ])

const otherTypesText = ({ otherTypes = 0 }: SourceStatus): string =>
  otherTypes === 0 ? '' : `, ${otherTypes} skipped as of other record types`

const notHeldText = ({ held }: SourceStatus): string => (held ? '' : ', not held')
