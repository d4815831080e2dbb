// `subscriber` and `status`: single things of a state directory.
import { findRow, withView } from '../../state/read.ts'
import type { StateView } from '../../state/read.ts'
import { hashState } from '../../state/hash.ts'
import { storeBytes } from '../../state/store.ts'
import type { Values } from '../config.ts'
import { PulseError } from '../errors.ts'
import { viewSubscriber } from '../snapshot/lookup.ts'
import { METRICS, type SubscriberView } from '../snapshot/schema.ts'
import { bytesText } from '../snapshot/units.ts'
import { metricText, print, REPORT_OPTIONS, snapshotOf } from './report.ts'
import type { ReportValues } from './report.ts'
import { tableText } from './terminal.ts'

export const SUBSCRIBER_OPTIONS = REPORT_OPTIONS
export const STATUS_OPTIONS = ['state', 'hash', 'json', 'logLevel'] as const

/** One subscriber: aggregate, ranks, segment, distances. Throws PulseError `not-found`. */
export async function subscriber(written: string, values: ReportValues): Promise<void> {
  if (!/^\d{1,15}$/.test(written)) {
    throw new PulseError(
      'usage',
      'the MSISDN is no number of up to 15 digits; expected digits only',
    )
  }
  const view = await withView(values.state, (state) => viewOf(state, Number(written), values))
  print(values, view, () => subscriberText(view))
}

function viewOf(state: StateView, msisdn: number, values: ReportValues): SubscriberView {
  const row = findRow(state, msisdn)
  if (row === null) {
    throw new PulseError(
      'not-found',
      `${values.state} knows no subscriber of that MSISDN; expected one that occurs in the files ` +
        'replayed into it',
    )
  }
  const { segments } = snapshotOf(state, values)
  return viewSubscriber(row, (visit) => state.scan(visit), segments)
}

function subscriberText({ aggregate, ranks, subscribers, segment, distances }: SubscriberView) {
  const day = (ms: number | null): string => (ms === null ? 'unknown' : new Date(ms).toISOString())
  return [
    tableText([
      [`MSISDN ${aggregate.msisdn}`, 'value', `rank of ${subscribers.toLocaleString('en-US')}`],
      ...METRICS.map((metric) => [
        metric,
        metricText(metric, aggregate[metric]),
        ranks[metric].toLocaleString('en-US'),
      ]),
      ['records', aggregate.records.toLocaleString('en-US'), ''],
      ['first start', day(aggregate.firstStartMs), ''],
      ['last end', day(aggregate.lastEndMs), ''],
    ]),
    tableText([
      ['application', 'download', 'upload'],
      ...aggregate.applications.map(({ name, downlinkBytes, uplinkBytes }) => [
        name,
        bytesText(downlinkBytes),
        bytesText(uplinkBytes),
      ]),
    ]),
    tableText([
      ['segment', 'distance to its centre', ''],
      ...distances.map(({ segment: name, distance }) => [
        name,
        distance.toPrecision(4),
        name === segment ? '← nearest' : '',
      ]),
    ]),
  ].join('\n\n')
}

interface StateStatus {
  directory: string
  stamp: Record<string, unknown>
  commits: number
  subscribers: number
  applied: number
  refused: Record<string, number>
  refusedKept: number
  coerced: Record<string, number>
  missing: Record<string, number>
  /** Null unless asked for: it takes a while with millions of subscribers. */
  hash: string | null
  fileBytes: number
  usedBytes: number
  sources: (StateView['positions'][number]['position'] & { source: string; partition: number })[]
}

/** What a state directory holds and how far its sources were read. */
export async function status(values: Pick<Values, (typeof STATUS_OPTIONS)[number]>): Promise<void> {
  await withView(values.state, (view, state) => {
    const { commit, ...counters } = view.counters
    const { fileBytes, usedBytes } = storeBytes(state.stores)
    const found: StateStatus = {
      directory: state.directory,
      stamp: { ...state.stamp },
      commits: commit,
      ...counters,
      hash: values.hash ? hashState(view) : null,
      fileBytes,
      usedBytes,
      sources: view.positions.map(({ source, partition, position }) => ({
        source,
        partition,
        ...position,
      })),
    }
    print(values, found, () => statusText(found))
  })
}

function statusText(found: StateStatus): string {
  const refused = Object.values(found.refused).reduce((sum, count) => sum + count, 0)
  return [
    tableText([
      ['state', ''],
      ['directory', found.directory],
      ...Object.entries(found.stamp).map(([name, value]) => [name, String(value)]),
      ['subscribers', found.subscribers.toLocaleString('en-US')],
      ['rows applied', found.applied.toLocaleString('en-US')],
      ['rows refused', `${refused.toLocaleString('en-US')} (${found.refusedKept} kept to look at)`],
      ['file', `${bytesText(found.fileBytes)}, ${bytesText(found.usedBytes)} in use`],
      ...(found.hash === null ? [] : [['hash', found.hash]]),
    ]),
    tableText([
      ['source', 'partition', 'position', 'rows', 'order', 'duration unit'],
      ...found.sources.map(({ name, partition, position, rows, order, durationUnit, evidence }) => [
        name,
        partition,
        position,
        rows,
        order,
        `${durationUnit} (${evidence})`,
      ]),
    ]),
  ].join('\n\n')
}
