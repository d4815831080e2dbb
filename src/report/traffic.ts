// The report on traffic by application and over time.
import { APPLICATIONS } from '../record/columns.ts'
import {
  applicationTexts,
  hasTraffic,
  knownApplications,
  NOT_IN_DATA,
} from '../snapshot/not-in-data.ts'
import type { Hour, Snapshot } from '../snapshot/schema.ts'
import { bytesText, shareText } from '../snapshot/units.ts'
import { barsDrawing, columnsDrawing, type Part } from './charts.ts'
import { details, figure, legend, paragraph, section, table } from './markup.ts'
import { applicationColour } from './palette.ts'
import { topTable, type Msisdn } from './people.ts'
import { applicationWords, hourWords, measureWords } from './words.ts'
import { timeText, type Zone } from './zone.ts'

/** Applications by traffic, and the top subscribers of the most used ones. */
export function applicationSection(snapshot: Snapshot, msisdn: Msisdn): string {
  const { applications, topApplications } = snapshot
  const ranked = [...applications].sort((a, b) => b.trafficBytes - a.trafficBytes)
  const bars = knownApplications(snapshot, ranked).map(({ name, trafficBytes, share }) => ({
    label: name,
    text: `${bytesText(trafficBytes)}, ${shareText(share)}`,
    parts: [{ name, value: trafficBytes, colour: applicationColour(name) }],
  }))
  const words = bars.map(({ label, text }) => `${label} ${text}`).join('; ')
  const used = topApplications.map((name) => {
    const { top } = applications.find((each) => each.name === name)!
    return topTable(`Top subscribers of ${name}`, top, msisdn, bytesText)
  })
  return section(
    'applications',
    'Applications',
    ...[...applicationWords(snapshot), measureWords(snapshot)].map(paragraph),
    ...(bars.length === 0
      ? []
      : [figure('Traffic by application', words, (width) => barsDrawing(bars, width))]),
    table({
      caption: 'Applications by traffic',
      heading: ['Application', 'Download', 'Upload', 'Total', 'Share', 'Subscribers'],
      rows: ranked.map((each) => [each.name, ...applicationTexts(snapshot, each)]),
    }),
    `<div class="pair">${used.join('\n')}</div>`,
  )
}

const HOURS_OF_DAY = 24
const HOUR_MS = 3_600_000
const DAY_MS = HOURS_OF_DAY * HOUR_MS
/** More columns than this are too thin to distinguish. */
const MOST_COLUMNS = 96

/** Traffic over time and by hour of day, in local time. */
export function hourSection(snapshot: Snapshot, zone: Zone): string {
  const known = snapshot.hours.filter(({ startMs }) => startMs !== null)
  const words = hourWords(snapshot, zone).map(paragraph)
  const names = [...APPLICATIONS].sort().filter((name) => hasTraffic(snapshot, name))
  if (known.length === 0 || names.length === 0) {
    return section('hours', 'Traffic over time', ...words)
  }
  const period = periods(known, zone)
  const daily = byKey(known, (startMs) => new Date(zone.local(startMs)).getUTCHours())
  // Hours are those of UTC, which begin at half past in some zones.
  const minutes = timeText(zone.local(known[known.length - 1].startMs!)).slice(-2)
  const hourOfDay = Array.from({ length: HOURS_OF_DAY }, (_, hour) => ({
    label: `${hour}:${minutes}`,
    bytes: daily.get(hour) ?? NOTHING,
  }))
  return section(
    'hours',
    'Traffic over time',
    ...words,
    columnsFigure(`Traffic by ${period.unit} (${zone.name})`, period.columns),
    legend(names.map((name) => ({ name, colour: applicationColour(name) }))),
    columnsFigure(`Traffic by hour of day, all days together (${zone.name})`, hourOfDay),
    details(`Traffic by ${period.unit} as a table`, periodTable(period, zone, snapshot)),
  )
}

interface Column {
  label: string
  /** Download and upload together, per application. */
  bytes: readonly number[]
}

interface Periods {
  unit: 'hour' | 'day'
  columns: Column[]
}

const NOTHING: readonly number[] = APPLICATIONS.map(() => 0)

/** Hours if they fit, else days; periods without traffic are included. */
function periods(hours: readonly Hour[], { local }: Zone): Periods {
  const starts = hours.map(({ startMs }) => startMs!)
  const [first, last] = [Math.min(...starts), Math.max(...starts)]
  const unit = (last - first) / HOUR_MS < MOST_COLUMNS ? 'hour' : 'day'
  // Days are local days; hours are distinguished in UTC, where none occurs twice.
  const keyOf = (ms: number): number =>
    unit === 'hour' ? Math.floor(ms / HOUR_MS) : Math.floor(local(ms) / DAY_MS)
  const labelOf = (key: number): string =>
    unit === 'hour' ? hourText(local(key * HOUR_MS)) : dayText(key * DAY_MS)
  const sums = byKey(hours, keyOf)
  const from = keyOf(first)
  const count = keyOf(last) - from + 1
  // A single wrong year must not add thousands of days: then only days with traffic are shown.
  const keys =
    count <= 4 * MOST_COLUMNS
      ? Array.from({ length: count }, (_, at) => from + at)
      : [...sums.keys()].sort((a, b) => a - b)
  const columns = keys.map((key) => ({
    label: labelOf(key),
    bytes: sums.get(key) ?? NOTHING,
  }))
  return { unit, columns }
}

const dayText = (localMs: number): string =>
  new Date(localMs).toLocaleDateString('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' })

const hourText = (localMs: number): string => `${dayText(localMs)}, ${timeText(localMs)}`

function byKey(hours: readonly Hour[], key: (startMs: number) => number): Map<number, number[]> {
  const sums = new Map<number, number[]>()
  for (const { startMs, applications } of hours) {
    const at = key(startMs!)
    const sum = sums.get(at) ?? [...NOTHING]
    applications.forEach(({ downlinkBytes, uplinkBytes }, application) => {
      sum[application] += downlinkBytes + uplinkBytes
    })
    sums.set(at, sum)
  }
  return sums
}

function columnsFigure(title: string, columns: readonly Column[]): string {
  const drawn = columns.map(({ label, bytes }) => ({
    label,
    parts: bytes
      .map((value, application): Part => {
        const name = APPLICATIONS[application]
        return {
          name: `${label}, ${name}: ${bytesText(value)}`,
          value,
          colour: applicationColour(name),
        }
      })
      .filter(({ value }) => value > 0),
  }))
  return figure(title, 'Each column is made up of applications', (width) =>
    columnsDrawing(drawn, width, { axis: bytesText, height: 240 }),
  )
}

const periodTable = ({ unit, columns }: Periods, { name }: Zone, snapshot: Snapshot): string =>
  table({
    caption: `Traffic by ${unit} (${name})`,
    heading: [unit === 'hour' ? 'Hour' : 'Day', ...APPLICATIONS, 'Total'],
    rows: columns.map(({ label, bytes }) => [
      label,
      ...bytes.map((value, at) =>
        hasTraffic(snapshot, APPLICATIONS[at]) ? bytesText(value) : NOT_IN_DATA,
      ),
      bytesText(bytes.reduce((sum, each) => sum + each, 0)),
    ]),
  })
