// Sentences that describe the numbers of a snapshot.
import { DURATION_UNITS, UNIT_WORDS } from '../record/duration-unit.ts'
import type { Snapshot } from '../snapshot/schema.ts'
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

/** A summary of the snapshot. */
export function summaryWords(snapshot: Snapshot): string[] {
  const { subscribers, sessions, durationMs, trafficBytes, downlinkBytes, distribution } = snapshot
  if (subscribers === 0) return ['There are no subscribers yet: no row is applied.']
  const { sessions: each, trafficBytes: traffic } = distribution
  const tops = snapshot.top.trafficBytes
  const heavy = tops.reduce((sum, { value }) => sum + value, 0)
  return [
    `${countText(subscribers, 'subscriber')} had ${countText(sessions, 'session')} of ` +
      `${durationText(durationMs)} in total and ${bytesText(trafficBytes)} of traffic, ` +
      `${shareText(ratio(downlinkBytes, trafficBytes))} of it downloaded.`,
    `Half of them had at most ${countText(each.quantiles.p50, 'session')} and ` +
      `${bytesText(traffic.quantiles.p50)}; one in ten had ${countText(each.quantiles.p90, 'session')} ` +
      `or more, and one in ten had at least ${bytesText(traffic.quantiles.p90)}. ` +
      `The ${tops.length} heaviest subscribers carry ${shareText(ratio(heavy, trafficBytes))} of the traffic.`,
  ]
}

/** The applications with most and least traffic, and their users. */
export function applicationWords(snapshot: Snapshot): string[] {
  const { applications, topApplications, subscribers } = snapshot
  const ranked = [...applications].sort((a, b) => b.trafficBytes - a.trafficBytes)
  const [first, ...others] = ranked
  if (!(first.trafficBytes > 0)) return ['No application has any traffic.']
  const last = others[others.length - 1]
  const most = topApplications.map((name) => applications.find((each) => each.name === name)!)
  const together = most.reduce((sum, { share }) => sum + share, 0)
  const uploads = [...ranked].sort((a, b) => uploadShare(b) - uploadShare(a))[0]
  return [
    `${first.name} has the most traffic: ${bytesText(first.trafficBytes)}, ` +
      `${shareText(first.share)} of all application traffic. ${last.name} has the least, ` +
      `${shareText(last.share)}. The ${most.length} most used, ${listText(topApplications)}, have ` +
      `${shareText(together)} together.`,
    `${first.name} was used by ${countText(first.subscribers, 'subscriber')} ` +
      `(${shareText(ratio(first.subscribers, subscribers))}). The share of upload is highest in ` +
      `${uploads.name}: ${shareText(uploadShare(uploads))} of its traffic.`,
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
  `Sum of the application columns: ${bytesText(applicationBytes(snapshot))}; sum of the Total ` +
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
    ...splitWords(snapshot),
    ...unitWords(snapshot),
    totalsWords(snapshot),
  ]
}

const splitWords = ({ splitSubscribers }: Snapshot): string[] =>
  splitSubscribers === 0
    ? []
    : [
        `${countText(splitSubscribers, 'subscriber')} in more than one partition are counted in ` +
          'each, because the topic is not partitioned by MSISDN: numbers per subscriber are wrong.',
      ]

/** The reason why traffic of applications differs from the totals. */
export const totalsWords = (snapshot: Snapshot): string =>
  `Totals are sums of the Total columns (${bytesText(snapshot.trafficBytes)}), traffic of ` +
  `applications is summed from the application columns (${bytesText(applicationBytes(snapshot))}). ` +
  'They differ: Total DL leaves out Other DL, while Total UL includes Other UL.'

function unitWords({ positions }: Snapshot): string[] {
  return DURATION_UNITS.filter((unit) => unit !== 'ms').flatMap((unit) => {
    const names = new Set(
      positions.filter(({ durationUnit }) => durationUnit === unit).map(({ name }) => name),
    )
    if (names.size === 0) return []
    const of = names.size === 1 ? [...names][0] : countText(names.size, 'source')
    return [`"Dur. (ms)" of ${of} holds ${UNIT_WORDS[unit]} and was read as such.`]
  })
}

/** The hours with traffic, and the busiest of them. */
export function hourWords(snapshot: Snapshot, { name, local }: Zone): string[] {
  const known = snapshot.hours.filter(({ startMs }) => startMs !== null)
  if (known.length === 0) return ['No record has a readable Start.']
  const busiest = known.reduce((most, hour) =>
    applicationBytes(hour) > applicationBytes(most) ? hour : most,
  )
  const when = local(busiest.startMs!)
  const time = `${dayText(when)}, ${timeText(when)} (${name})`
  return [
    `Sessions start in ${countText(known.length, 'hour')}. The busiest hour began on ${time}, with ` +
      `${bytesText(applicationBytes(busiest))} of application traffic in ` +
      `${countText(busiest.sessions, 'session')}. A session counts in the hour in which it starts.`,
    measureWords(snapshot),
  ]
}
