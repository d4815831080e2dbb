// The report as one self-contained page of HTML, without network and script.
import { UNIT_WORDS } from '../record/duration-unit.ts'
import { labelOf, METRICS } from '../snapshot/metrics.ts'
import type { Position, Snapshot } from '../snapshot/schema.ts'
import { metricText } from '../snapshot/not-in-data.ts'
import { details, escaped, paragraph, section, table } from './markup.ts'
import { distributionSection, topSection, type Msisdn } from './people.ts'
import { methodTables, segmentSections } from './segments.ts'
import { REPORT_STYLE } from './style.ts'
import { applicationSection, hourSection } from './traffic.ts'
import { applicationWords, periodText, qualityWords, summaryWords } from './words.ts'
import { zoneOf, type Zone } from './zone.ts'

/** The input of a report; equal inputs give the same page to the byte. */
export interface ReportInput {
  snapshot: Snapshot
  /** Canonical hash of the state. */
  hash: string
  /** The options of the state: partitions, time zone and so on. */
  stamp: Readonly<Record<string, string | number>> & { timeZone: string }
  seed: number
  version: string
  /** Whether MSISDNs are masked except for their last digits. */
  mask: boolean
}

/** The page may load and run nothing. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

const PARTS: readonly (readonly [string, string])[] = [
  ['segments', 'Segments'],
  ['elbow', 'Elbow'],
  ['distribution', 'Distribution'],
  ['applications', 'Applications'],
  ['hours', 'Over time'],
  ['top', 'Top subscribers'],
  ['quality', 'Data quality'],
  ['method', 'Method'],
]

/** The whole page. */
export function reportPage(input: ReportInput): string {
  const { snapshot } = input
  const zone = zoneOf(input.stamp.timeZone)
  const msisdn: Msisdn = input.mask ? masked : String
  const links = PARTS.map(([id, name]) => `<li><a href="#${id}">${name}</a></li>`).join('')
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="referrer" content="no-referrer">
<title>Engagement report</title>
<style>${REPORT_STYLE}</style>
</head>
<body>
<header>
<h1>Engagement report</h1>
<p class="lead">${escaped(leadText(snapshot, zone))}</p>
<nav aria-label="Parts of the report"><ul>${links}</ul></nav>
</header>
<main>
${summarySection(snapshot)}
${segmentSections(snapshot)}
${distributionSection(snapshot)}
${applicationSection(snapshot, msisdn)}
${hourSection(snapshot, zone)}
${topSection(snapshot, msisdn)}
${qualitySection(snapshot)}
${methodSection(input)}
</main>
<footer><p>Written by xdr-pulse ${escaped(input.version)}. State ${escaped(input.hash.slice(0, 16))}, commit ${snapshot.number}. Bytes in powers of 1,000; times in ${escaped(zone.name)}.</p></footer>
</body>
</html>
`
}

/** The last three digits of an MSISDN, the others hidden. */
export const masked = (msisdn: number): string => {
  const digits = String(msisdn)
  return '•'.repeat(Math.max(0, digits.length - 3)) + digits.slice(-3)
}

function leadText(snapshot: Snapshot, zone: Zone): string {
  const names = [...new Set(snapshot.positions.map(({ name }) => name))]
  const sources = names.length <= 3 ? names.join(', ') : `${names.length} sources`
  return `Mobile data sessions ${periodText(snapshot, zone)}${sources === '' ? '' : `; read from ${sources}`}.`
}

function summarySection(snapshot: Snapshot): string {
  const tiles = [
    ['Subscribers', snapshot.subscribers.toLocaleString('en-US')],
    ...METRICS.map((metric) => [labelOf(metric), metricText(snapshot, metric, snapshot[metric])]),
  ].map(([name, value]) => `<div><dt>${name}</dt><dd>${escaped(value)}</dd></div>`)
  return section(
    'summary',
    'Summary',
    `<dl class="tiles">${tiles.join('')}</dl>`,
    ...[...summaryWords(snapshot), applicationWords(snapshot)[0], qualityWords(snapshot)[0]].map(
      paragraph,
    ),
  )
}

function qualitySection(snapshot: Snapshot): string {
  const counted = (what: string, counts: Readonly<Record<string, number>>): string[][] =>
    Object.entries(counts)
      .filter(([, count]) => count > 0)
      .sort(([, a], [, b]) => b - a)
      .map(([name, count]) => [what, name, count.toLocaleString('en-US')])
  const rejected = counted('row rejected', snapshot.rejected)
  const values = [
    ...counted('rounded or unreadable', snapshot.coerced),
    ...counted('missing', snapshot.missing),
  ]
  return section(
    'quality',
    'Data quality',
    ...qualityWords(snapshot).map(paragraph),
    ...(rejected.length === 0 ? [] : [wrongTable('Rows rejected, by reason', 'Reason', rejected)]),
    ...(values.length === 0
      ? []
      : [details('Values by column', wrongTable('Values by column', 'Column', values))]),
  )
}

const wrongTable = (caption: string, of: string, rows: readonly string[][]): string =>
  table({ caption, heading: ['What', of, 'Count'], rows, words: [1] })

function methodSection({ snapshot, hash, stamp, seed, version }: ReportInput): string {
  const { features, scaling, k, inertia, iterations } = snapshot.segments
  const parameters = {
    features: features.join(', '),
    scaling,
    segments: String(k),
    seed: String(seed),
    iterations: String(iterations),
    inertia: String(inertia),
    ...Object.fromEntries(Object.entries(stamp).map(([name, value]) => [name, String(value)])),
    'commits in the state': String(snapshot.number),
    'hash of the state': hash,
    'xdr-pulse': version,
  }
  return section(
    'method',
    'Method',
    paragraph(
      'Every valid row is added to the aggregate of its subscriber (MSISDN). Bytes and milliseconds ' +
        'are whole numbers, so sums are exact and do not depend on the order of rows. Segments are ' +
        'the result of k-means over all subscribers on scaled features, from starts that the seed ' +
        'determines to a fixed point. They are named from least to most engaged, by the sum of the ' +
        'scaled coordinates of their centroids. The bend of the elbow is the point farthest below ' +
        'the straight line between the ends of the curve. The same rows give the same hash, for any ' +
        'order and any split over files and partitions.',
    ),
    table({
      caption: 'Parameters',
      heading: ['Name', 'Value'],
      rows: Object.entries(parameters),
      words: [1],
    }),
    ...(k === 0 ? [] : methodTables(snapshot.segments)),
    positionsTable(snapshot.positions),
  )
}

const positionsTable = (positions: readonly Position[]): string =>
  table({
    caption: 'Positions of the sources',
    heading: [
      ...['Source', 'Identity', 'Order', 'Partition', 'Next row', 'Rows'],
      ...['Durations in', 'Evidence of the unit'],
    ],
    rows: positions.map((position) => [
      position.name,
      position.source.slice(0, 16),
      position.order,
      ...[position.partition, position.next, position.rows].map((each) =>
        each.toLocaleString('en-US'),
      ),
      UNIT_WORDS[position.durationUnit],
      position.evidence,
    ]),
    words: [1, 2, 6, 7],
  })
