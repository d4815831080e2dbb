// Sentences that describe the numbers of a snapshot.
import { DIRECTIONS } from '../record/columns.ts'
import { DURATION_UNITS, UNIT_WORDS } from '../record/duration-unit.ts'
import { TIME_FORMATS } from '../record/formats/time-format.ts'
import { VOLUME_UNITS } from '../record/formats/volume-unit.ts'
import {
  hasApplications,
  hasMetric,
  hasTraffic,
  knownApplications,
  notInDataWords,
} from '../snapshot/not-in-data.ts'
import type { Hour, Position, Snapshot } from '../snapshot/schema.ts'
import { bytesText, countText, durationText, shareText } from '../snapshot/units.ts'
import { timeText, type Zone } from './zone.ts'

const total = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((sum, count) => sum + count, 0)

const ratio = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole)

/** A list in words: `a, b and c`. */
export const listText = (names: readonly string[]): string =>
  names.length < 2
    ? names.join('')
    : `${names.slice(0, -1).join(', ')} and ${names[names.length - 1]}`

/** First and last hour with a readable time, null without one. */
export function periodOf({ hours }: Snapshot): { from: number; to: number } | null {
  const starts = hours.map(({ startMs }) => startMs).filter((start) => start !== null)
  if (starts.length === 0) return null
  return { from: Math.min(...starts), to: Math.max(...starts) }
}

const dayText = (localMs: number): string =>
  new Date(localMs).toLocaleDateString('en-GB', { dateStyle: 'long', timeZone: 'UTC' })

/** The period of a snapshot: `from 1 March 2026 to 9 March 2026`. */
export function periodText(snapshot: Snapshot, { local }: Zone): string {
  const period = periodOf(snapshot)
  if (period === null) return 'without readable times'
  const [from, to] = [dayText(local(period.from)), dayText(local(period.to))]
  return from === to ? `of ${from}` : `from ${from} to ${to}`
}

const countOf = (known: Snapshot, { sessions, records }: Snapshot | Hour): string =>
  hasMetric(known, 'sessions') ? countText(sessions, 'session') : countText(records, 'record')

/** A summary of the snapshot. */
export function summaryWords(snapshot: Snapshot): string[] {
  const { subscribers, durationMs, trafficBytes, downlinkBytes, distribution } = snapshot
  if (subscribers === 0) return ['There are no subscribers yet: no row is applied.']
  const { sessions: each, trafficBytes: traffic } = distribution
  const tops = snapshot.top.trafficBytes
  const isCounted = hasMetric(snapshot, 'sessions')
  const half = isCounted ? `${countText(each.quantiles.p50, 'session')} and ` : ''
  const tenth = isCounted
    ? `one in ten had ${countText(each.quantiles.p90, 'session')} or more, and `
    : ''
  const heavy = tops.reduce((sum, { value }) => sum + value, 0)
  return [
    `${countText(subscribers, 'subscriber')} had ${countOf(snapshot, snapshot)} of ` +
      `${durationText(durationMs)} in total and ${bytesText(trafficBytes)} of traffic, ` +
      `${shareText(ratio(downlinkBytes, trafficBytes))} of it downloaded.`,
    `Half of them had at most ${half}${bytesText(traffic.quantiles.p50)}; ${tenth}one in ten had ` +
      `at least ${bytesText(traffic.quantiles.p90)}. ` +
      `The ${tops.length} heaviest subscribers carry ${shareText(ratio(heavy, trafficBytes))} of the traffic.`,
  ]
}

/** The applications with most and least traffic, and their users. */
export function applicationWords(snapshot: Snapshot): string[] {
  const { applications, topApplications, subscribers } = snapshot
  const ranked = knownApplications(snapshot, applications).sort(
    (a, b) => b.trafficBytes - a.trafficBytes,
  )
  if (ranked.length === 0) return notInDataWords(snapshot.notInData)
  const [first, ...others] = ranked
  if (!(first.trafficBytes > 0)) {
    return [`No application has any traffic.`, ...notInDataWords(snapshot.notInData)]
  }
  const last = others.at(-1)
  const least = last === undefined ? '' : `${last.name} has the least, ${shareText(last.share)}. `
  const most = topApplications.map((name) => applications.find((each) => each.name === name)!)
  const together = most.reduce((sum, { share }) => sum + share, 0)
  const uploads = ranked
    .filter(({ name }) => DIRECTIONS.every(({ key }) => hasTraffic(snapshot, name, key)))
    .sort((a, b) => uploadShare(b) - uploadShare(a))
    .at(0)
  return [
    `${first.name} has the most traffic: ${bytesText(first.trafficBytes)}, ` +
      `${shareText(first.share)} of all application traffic. ${least}` +
      `The ${most.length} most used, ${listText(topApplications)}, have ` +
      `${shareText(together)} together.`,
    `${first.name} was used by ${countText(first.subscribers, 'subscriber')} ` +
      `(${shareText(ratio(first.subscribers, subscribers))}).` +
      (uploads === undefined
        ? ''
        : ` The share of upload is highest in ${uploads.name}: ` +
          `${shareText(uploadShare(uploads))} of its traffic.`),
  ]
}

const uploadShare = (of: { uplinkBytes: number; trafficBytes: number }): number =>
  ratio(of.uplinkBytes, of.trafficBytes)

type Traffic = Pick<Snapshot, 'downlinkBytes' | 'uplinkBytes'>

/** The traffic of all applications, download and upload together. */
export const applicationBytes = ({ applications }: { applications: readonly Traffic[] }): number =>
  applications.reduce((sum, each) => sum + each.downlinkBytes + each.uplinkBytes, 0)

/** The columns that traffic of applications is summed from, as it differs from the totals. */
export const measureWords = (snapshot: Snapshot): string =>
  !hasApplications(snapshot)
    ? totalsWords(snapshot)
    : `Sum of the application columns: ${bytesText(applicationBytes(snapshot))}; sum of the Total ` +
      `columns: ${bytesText(snapshot.trafficBytes)}.`

/** The quality of the data: rejected, coerced and missing values, units. */
export function qualityWords(snapshot: Snapshot): string[] {
  const { records, rejected, coerced, missing, sessions, hours } = snapshot
  const rejections = total(rejected)
  const rows = records + rejections
  if (rows === 0) return ['No row has been read yet.']
  const worst = Object.entries(rejected).sort(([, a], [, b]) => b - a)[0]
  const rejectedText =
    rejections === 0
      ? 'None was rejected.'
      : `${rejections.toLocaleString('en-US')} (${shareText(rejections / rows)}) were rejected and are ` +
        `not counted; the most frequent reason is ${worst[0]} ` +
        `(${worst[1].toLocaleString('en-US')}).`
  const untimed = hours.find(({ startMs }) => startMs === null)?.records ?? 0
  return [
    `Of ${countText(rows, 'row')}, ${records.toLocaleString('en-US')} ` +
      `(${shareText(records / rows)}) were applied. ${rejectedText}`,
    `${countText(total(coerced), 'value')} of records had to be rounded or were unreadable, and ` +
      `${countText(total(missing), 'value')} were missing. ` +
      `${countText(records - sessions, 'record')} without a Bearer Id count as traffic, not as ` +
      `sessions; ${countText(untimed, 'record')} without a readable Start are in no hour.`,
    ...notInDataWords(snapshot.notInData),
    ...splitWords(snapshot),
    ...unitWords(snapshot),
    totalsWords(snapshot),
  ]
}

const splitWords = ({ splitSubscribers }: Snapshot): string[] =>
  splitSubscribers === 0
    ? []
    : [
        `${countText(splitSubscribers, 'subscriber')} in more than one partition are summed: the ` +
          'topic has gained partitions, or is not partitioned by MSISDN.',
      ]

/** The reason why traffic of applications differs from the totals. */
export const totalsWords = (snapshot: Snapshot): string =>
  !hasApplications(snapshot)
    ? 'Traffic of applications is not in the data.'
    : `Totals are sums of the Total columns (${bytesText(snapshot.trafficBytes)}), traffic of ` +
      `applications is summed from the application columns (${bytesText(applicationBytes(snapshot))}). ` +
      'They differ: Total DL leaves out Other DL, while Total UL includes Other UL.'

function unitWords({ positions }: Snapshot): string[] {
  const sourcesWith = (test: (position: Position) => boolean): string | null => {
    const names = new Set(positions.filter(test).map(({ name }) => name))
    if (names.size === 0) return null
    return names.size === 1 ? [...names][0] : countText(names.size, 'source')
  }
  const sentences = [
    ...DURATION_UNITS.filter((unit) => unit !== 'ms').map((unit) => {
      const of = sourcesWith(({ durationUnit }) => durationUnit === unit)
      return of && `"Dur. (ms)" of ${of} holds ${UNIT_WORDS[unit]} and was read as such.`
    }),
    ...TIME_FORMATS.map((order) => {
      const of = sourcesWith(({ timeFormat }) => timeFormat === order)
      return of && `Times of ${of} were read ${order}.`
    }),
    ...VOLUME_UNITS.filter((unit) => unit !== 'bytes').map((unit) => {
      const of = sourcesWith(({ volumeUnit }) => volumeUnit === unit)
      return of && `Download and upload of ${of} were read in ${unit}.`
    }),
  ]
  const commas = sourcesWith(({ commaColumns }) => commaColumns.length > 0)
  const mapped = sourcesWith(({ map }) => map !== '')
  const maps = [...new Set(positions.flatMap(({ map }) => (map === '' ? [] : [map])))]
  sentences.push(mapped && `Columns of ${mapped} were mapped: ${maps.join('; ')}.`)
  sentences.push(commas && `Numbers of ${commas} were read with a decimal comma.`)
  return sentences.filter((sentence) => sentence !== null)
}

/** The hours with traffic, and the busiest of them. */
export function hourWords(snapshot: Snapshot, { name, local }: Zone): string[] {
  const known = snapshot.hours.filter(({ startMs }) => startMs !== null)
  if (known.length === 0) return ['No record has a readable Start.']
  const isByApplication = hasApplications(snapshot)
  const bytesOf = (hour: Hour): number =>
    isByApplication ? applicationBytes(hour) : hour.downlinkBytes + hour.uplinkBytes
  const busiest = known.reduce((most, hour) => (bytesOf(hour) > bytesOf(most) ? hour : most))
  const when = local(busiest.startMs!)
  const time = `${dayText(when)}, ${timeText(when)} (${name})`
  return [
    `Sessions start in ${countText(known.length, 'hour')}. The busiest hour began on ${time}, with ` +
      `${bytesText(bytesOf(busiest))} of ${isByApplication ? 'application ' : ''}traffic in ` +
      `${countOf(snapshot, busiest)}. A session counts in the hour in which it starts.`,
    measureWords(snapshot),
  ]
}
