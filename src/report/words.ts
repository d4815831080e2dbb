// What the numbers of a snapshot mean, in sentences.
import type { Snapshot } from '../snapshot/schema.ts'
import { bytesText, countText, durationText, shareText } from '../snapshot/units.ts'
import { timeText, type Zone } from './zone.ts'

const total = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((sum, count) => sum + count, 0)

const ratio = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole)

/** `a, b and c`. */
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

/** `from 1 March 2026 to 9 March 2026`. */
export function periodText(snapshot: Snapshot, { local }: Zone): string {
  const period = periodOf(snapshot)
  if (period === null) return 'without readable times'
  const [from, to] = [dayText(local(period.from)), dayText(local(period.to))]
  return from === to ? `of ${from}` : `from ${from} to ${to}`
}

/** The whole in a few sentences. */
export function summaryWords(snapshot: Snapshot): string[] {
  const { subscribers, sessions, durationMs, trafficBytes, downlinkBytes, distribution } = snapshot
  if (subscribers === 0) return ['There are no subscribers yet: no row was applied.']
  const { sessions: each, trafficBytes: traffic } = distribution
  const tops = snapshot.top.trafficBytes
  const heavy = tops.reduce((sum, { value }) => sum + value, 0)
  return [
    `${countText(subscribers, 'subscriber')} had ${countText(sessions, 'session')} of ` +
      `${durationText(durationMs)} in all and moved ${bytesText(trafficBytes)}, ` +
      `${shareText(ratio(downlinkBytes, trafficBytes))} of it downloaded.`,
    `Half of them had at most ${countText(each.quantiles.p50, 'session')} and ` +
      `${bytesText(traffic.quantiles.p50)}; one in ten had ${countText(each.quantiles.p90, 'session')} ` +
      `or more, and one in ten moved at least ${bytesText(traffic.quantiles.p90)}. ` +
      `The ${tops.length} heaviest subscribers carry ${shareText(ratio(heavy, trafficBytes))} of the traffic.`,
  ]
}

/** What applications are used for most, and by how many. */
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
    `${first.name} carries most: ${bytesText(first.trafficBytes)}, ${shareText(first.share)} of all ` +
      `application traffic; ${last.name} carries least, ${shareText(last.share)}. The ` +
      `${most.length} most used, ${listText(topApplications)}, make up ${shareText(together)} together.`,
    `${first.name} was used by ${countText(first.subscribers, 'subscriber')} ` +
      `(${shareText(ratio(first.subscribers, subscribers))}). Upload weighs most in ${uploads.name}, ` +
      `where it is ${shareText(uploadShare(uploads))} of the traffic.`,
  ]
}

const uploadShare = (of: { uplinkBytes: number; trafficBytes: number }): number =>
  ratio(of.uplinkBytes, of.trafficBytes)

type Traffic = Pick<Snapshot, 'downlinkBytes' | 'uplinkBytes'>

/** What all applications carried, down and up together. */
export const applicationBytes = ({ applications }: { applications: readonly Traffic[] }): number =>
  applications.reduce((sum, each) => sum + each.downlinkBytes + each.uplinkBytes, 0)

/** Which columns the traffic of applications comes from, as it does not add up to the totals. */
export const measureWords = (snapshot: Snapshot): string =>
  `By application columns, which sum to ${bytesText(applicationBytes(snapshot))}; the totals are ` +
  `the records' own Total columns: ${bytesText(snapshot.trafficBytes)}.`

/** How much of what was read could be trusted. */
export function qualityWords(snapshot: Snapshot): string[] {
  const { records, rejected, coerced, missing, sessions, hours } = snapshot
  const rejections = total(rejected)
  const rows = records + rejections
  if (rows === 0) return ['No row has been read yet.']
  const worst = Object.entries(rejected).sort(([, a], [, b]) => b - a)[0]
  const said =
    rejections === 0
      ? 'None was rejected.'
      : `${rejections.toLocaleString('en-US')} (${shareText(rejections / rows)}) were rejected, most of ` +
        `them for ${worst[0]} (${worst[1].toLocaleString('en-US')}); they count nowhere.`
  const untimed = hours.find(({ startMs }) => startMs === null)?.records ?? 0
  return [
    `Of ${countText(rows, 'row')}, ${records.toLocaleString('en-US')} ` +
      `(${shareText(records / rows)}) were applied. ${said}`,
    `${countText(total(coerced), 'value')} had to be rounded or were no number, and ` +
      `${countText(total(missing), 'value')} were missing in rows that count all the same. ` +
      `${countText(records - sessions, 'record')} without a Bearer Id add traffic but no session; ` +
      `${countText(untimed, 'record')} have no readable start and appear in no hour.`,
    ...unitWords(snapshot),
    totalsWords(snapshot),
  ]
}

/** Why the traffic of applications does not add up to the totals. */
export const totalsWords = (snapshot: Snapshot): string =>
  `Totals are the records' own Total columns (${bytesText(snapshot.trafficBytes)}), traffic of ` +
  `applications is that of the application columns (${bytesText(applicationBytes(snapshot))}). ` +
  'The two do not add up: Total DL leaves out Other DL, while Total UL includes Other UL.'

function unitWords({ positions }: Snapshot): string[] {
  const inSeconds = new Set(
    positions.filter(({ durationUnit }) => durationUnit === 's').map(({ name }) => name),
  )
  if (inSeconds.size === 0) return []
  const of = inSeconds.size === 1 ? [...inSeconds][0] : countText(inSeconds.size, 'source')
  return [`"Dur. (ms)" of ${of} holds seconds; they were taken as such.`]
}

/** When the network is used. */
export function hourWords(snapshot: Snapshot, { name, local }: Zone): string[] {
  const known = snapshot.hours.filter(({ startMs }) => startMs !== null)
  if (known.length === 0) return ['No record has a readable start.']
  const busiest = known.reduce((most, hour) =>
    applicationBytes(hour) > applicationBytes(most) ? hour : most,
  )
  const when = local(busiest.startMs!)
  const time = `${dayText(when)}, ${timeText(when)} (${name})`
  return [
    `Sessions start in ${countText(known.length, 'hour')}. The busiest began on ${time}, with ` +
      `${bytesText(applicationBytes(busiest))} of applications in ` +
      `${countText(busiest.sessions, 'session')}. A session belongs whole to the hour in which it ` +
      'starts.',
    measureWords(snapshot),
  ]
}
