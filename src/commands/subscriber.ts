// `subscriber`: one subscriber of a state directory.
import { withView } from '../../state/read.ts'
import type { StateView } from '../../state/read.ts'
import type { Values } from '../config.ts'
import { PulseError } from '../errors.ts'
import { msisdnOf } from '../record/msisdn.ts'
import { isMsisdn } from '../record/validation.ts'
import { findRow, viewSubscriber, type ForEachRows } from '../snapshot/lookup.ts'
import { mergedRows } from '../snapshot/merge.ts'
import { METRICS } from '../snapshot/metrics.ts'
import type { Subscriber } from '../snapshot/subscriber-schema.ts'
import { directionTexts, hasMetric, metricText } from '../snapshot/not-in-data.ts'
import { momentOf } from '../snapshot/take.ts'
import { shownView, withProgress, type ProgressDisplay } from '../terminal/progress.ts'
import { snapshotOf, type StateSnapshotValues } from '../process/state-snapshot.ts'
import { headingOf } from '../terminal/report-text.ts'
import { print, tableText } from '../terminal/table.ts'

/**
 * Prints one subscriber: aggregate, ranks, segment, distances.
 *
 * @param written the MSISDN, or `-` to read it from a line of standard input
 * @throws PulseError `usage` for an MSISDN that is not a number, `not-found` for an unknown one
 */
export async function subscriber(
  written: string,
  values: StateSnapshotValues & Pick<Values, 'json'>,
): Promise<void> {
  const msisdn = msisdnOf(written === '-' ? await firstLine() : written)
  if (!isMsisdn(msisdn) && msisdn !== 0) {
    throw new PulseError('usage', 'the MSISDN is not a number; expected 1 to 15 digits')
  }
  const view = await withProgress('subscriber', (display) =>
    withView(values.state, (state) => viewOf(state, msisdn, values, display)),
  )
  print(values, view, () => subscriberText(view))
}

/** So that an MSISDN is neither in the history of a shell nor in the list of processes. */
async function firstLine(): Promise<string> {
  process.stdin.setEncoding('utf8')
  let text = ''
  for await (const part of process.stdin) {
    text += part as string
    if (text.includes('\n') || text.length > LONGEST_LINE) break
  }
  process.stdin.destroy()
  return text.split('\n', 1)[0]
}

/** More than any spelling of an MSISDN. */
const LONGEST_LINE = 256

function viewOf(
  state: StateView,
  msisdn: number,
  values: StateSnapshotValues,
  display: ProgressDisplay,
): Subscriber {
  const { commit } = state.counters
  const asOf = { ...momentOf(state, Date.now()), segmentsNumber: commit, snapshotNumber: commit }
  const searched = shownView(state, display, 'looking up', 'looking up')
  const row = findRow(
    msisdn,
    mergedRows((visit) => searched.scan(visit)),
  )
  if (row === null) {
    throw new PulseError(
      'not-found',
      `${values.state} has no subscriber with this MSISDN; expected the MSISDN of an applied row`,
    )
  }
  const { segments, splitSubscribers } = snapshotOf(state, values, display)
  const ranked = shownView(state, display, 'ranking', 'ranking')
  const scan: ForEachRows = (visit) => ranked.scan(visit)
  const all = splitSubscribers === 0 ? scan : mergedRows(scan)
  return { asOf, ...viewSubscriber(row, all, segments) }
}

function subscriberText({ asOf, ...view }: Subscriber) {
  const { aggregate, ranks, subscribers, segment, distances } = view
  const day = (ms: number | null): string => (ms === null ? 'unknown' : new Date(ms).toISOString())
  return [
    tableText([
      [`MSISDN ${aggregate.msisdn}`, 'value', `rank of ${subscribers.toLocaleString('en-US')}`],
      ...METRICS.map((metric) => [
        headingOf(metric),
        metricText(asOf, metric, aggregate[metric]),
        hasMetric(asOf, metric) ? ranks[metric].toLocaleString('en-US') : '',
      ]),
      ['records', aggregate.records.toLocaleString('en-US'), ''],
      ['first start', day(aggregate.firstStartMs), ''],
      ['last end', day(aggregate.lastEndMs), ''],
    ]),
    tableText([
      ['application', 'download', 'upload'],
      ...aggregate.applications.map((each) => [each.name, ...directionTexts(asOf, each)]),
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
