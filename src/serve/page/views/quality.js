// Data quality: rejected rows, coerced and missing values, totals, and how sources were read.
import { bars, barSeries } from '../axes.js'
import { tooltip } from '../chart.js'
import { ALL, TRAFFIC } from '../choices.js'
import { bytes, count, share } from '../format.js'
import { knownApplications, knownCell } from '../known.js'
import { metric } from '../metrics.js'
import { createPanel } from '../panel.js'
import { TABLES } from '../tables.js'
import { trafficIn } from './traffic.js'

/** @typedef {import('../../../snapshot/schema.ts').Snapshot} Snapshot */
/** @typedef {import('../../api/status.ts').Status} Status */

const UNITS = { ns: 'nanoseconds', us: 'microseconds', ms: 'milliseconds', s: 'seconds' }
/** How a source is read, in words. @param {Snapshot['positions'][number]} position */
const unitsText = ({ durationUnit, timeFormat, commaColumns, volumeUnit, map }) =>
  [
    UNITS[durationUnit],
    ...(timeFormat === null ? [] : [`times ${timeFormat}`]),
    ...(commaColumns.length === 0 ? [] : [`decimal comma in ${commaColumns.join(', ')}`]),
    ...(volumeUnit === 'bytes' ? [] : [`volumes in ${volumeUnit}`]),
    ...(map === '' ? [] : [`mapped ${map}`]),
  ].join('; ')
const ORDERS = { file: 'as in the file', time: 'by start', offset: 'as in the topic' }
const VALUE_ROOM = 70
/** The most bars that are drawn; the table has all rows. */
const BARS = 8

const KINDS = /** @type {const} */ ([
  ['rejected', 'Rows rejected, by reason', 'Reason', 'rows'],
  ['coerced', 'Values coerced, by column', 'Column', 'values'],
  ['missing', 'Values missing, by column', 'Column', 'values'],
])

/** Makes the panels; the result shows a snapshot in them, and the sources of the status. */
export function createQuality() {
  const kinds = KINDS.map(([key, title, of, what]) => ({
    key,
    of,
    what,
    panel: createPanel({ id: key, title, views: ['pipeline'], span: 'third', chart: 'low' }),
  }))
  const measures = createPanel({
    id: 'measures',
    title: 'Totals and applications',
    views: ['pipeline'],
    span: 'full',
    chart: false,
    open: true,
  })
  const sources = createPanel({
    id: 'sources',
    title: 'Sources, and the unit found in “Dur. (ms)”',
    views: ['pipeline'],
    span: 'full',
    chart: false,
    open: true,
  })
  return (/** @type {Snapshot} */ snapshot, /** @type {Status | null} */ status) => {
    const rows = snapshot.records + sumOf(snapshot.rejected)
    for (const { key, of, what, panel } of kinds) {
      const found = Object.entries(snapshot[key])
        .filter(([, value]) => value > 0)
        .sort(([, a], [, b]) => b - a)
      const all = sumOf(snapshot[key])
      panel.setLead(
        all === 0
          ? 'None.'
          : `${count(all)} ${what}${key === 'rejected' ? `, ${share(all / (rows || 1))} of all` : ''}.`,
      )
      showCounts(panel, found, of, what)
    }
    showMeasures(measures, snapshot)
    showSources(sources, snapshot, status)
  }
}

/** @param {Record<string, number>} counts */
export function sumOf(counts) {
  return Object.values(counts).reduce((total, each) => total + each, 0)
}

/**
 * @param {import('../panel.js').Panel} panel
 * @param {[name: string, value: number][]} found
 * @param {string} of
 * @param {string} what
 */
function showCounts(panel, found, of, what) {
  const drawn = found.slice(0, BARS)
  const names = drawn.map(([name]) => name)
  panel.draw((surroundings) => ({
    ...bars(surroundings, names, VALUE_ROOM),
    tooltip: tooltip(surroundings.theme, 'axis', (index) => ({
      title: names[index] ?? '',
      rows: [[what, count(drawn[index]?.[1] ?? 0)]],
    })),
    series: [
      barSeries(
        surroundings,
        'counts',
        drawn.map(([, value]) => ({ value, text: count(value), colour: surroundings.theme.bar })),
      ),
    ],
  }))
  panel.table(() => ({
    caption: `${what} by ${of}`,
    columns: [{ name: of }, { name: what, format: count }],
    rows: found,
  }))
}

/**
 * @param {import('../panel.js').Panel} panel
 * @param {Snapshot} snapshot
 */
function showMeasures(panel, snapshot) {
  const applications = bytes(trafficIn(snapshot, ALL, TRAFFIC))
  const isKnown = (/** @type {string} */ way) => knownApplications(snapshot, way).length > 0
  panel.setLead(
    !isKnown(TRAFFIC)
      ? `Traffic of applications is ${TABLES.notInData}.`
      : `Totals are sums of the Total columns (${bytes(snapshot.trafficBytes)}), traffic of ` +
          `applications is summed from the application columns (${applications}). They differ: ` +
          'Total DL leaves out Other DL, while Total UL includes Other UL.',
  )
  panel.table(() => ({
    caption: 'Traffic by Total columns and by application columns',
    columns: [
      { name: 'Traffic' },
      { name: 'Total columns', unit: 'bytes', format: bytes },
      { name: 'Application columns', unit: 'bytes', format: bytes },
    ],
    rows: [...TABLES.directions.map(({ key }) => key), TRAFFIC].map((key) => [
      metric(key).name,
      snapshot[key],
      knownCell(isKnown(key), trafficIn(snapshot, ALL, key)),
    ]),
  }))
}

/** Subscribers whose rows are in several partitions, as a sentence. @param {number} split */
const splitText = (split) =>
  split === 0
    ? ''
    : `${count(split)} subscribers are in more than one partition, and are summed: the topic has ` +
      'gained partitions, or is not partitioned by MSISDN.'

/**
 * What of the topic is not included, and why nothing is read, as sentences.
 *
 * @param {Status | null} status
 */
function topicTexts(status) {
  const consumer = status?.consumer ?? null
  if (consumer === null) return []
  const notRetained = consumer.partitions.reduce((sum, each) => sum + each.notRetained, 0)
  const compacted = consumer.partitions.reduce((sum, each) => sum + each.compacted, 0)
  const { gaps, records } = consumer.gapsPassed
  return [
    ...consumer.topics.flatMap(({ topic, partitions }) =>
      partitions.length === 1
        ? []
        : [`The topic ${topic} has grown: ${partitions.join(', then ')} partitions.`],
    ),
    ...(notRetained === 0
      ? []
      : [`${count(notRetained)} offsets before the beginning are not retained and not included.`]),
    ...(compacted === 0
      ? []
      : [`The topic is compacted: ${count(compacted)} offsets are missing between its records.`]),
    ...(gaps === 0 ? [] : [`${count(gaps)} gaps of ${count(records)} offsets were skipped.`]),
    ...(consumer.idle === null ? [] : [`This member is idle: ${consumer.idle}.`]),
  ]
}

/**
 * @param {import('../panel.js').Panel} panel
 * @param {Snapshot} snapshot
 * @param {Status | null} status
 */
function showSources(panel, { positions, splitSubscribers, notInData }, status) {
  const units = [...new Set(positions.map((position) => UNITS[position.durationUnit]))]
  const unit = units.length === 0 ? 'Not known yet.' : `The column holds ${units.join(' and ')}.`
  const absent = notInData.length === 0 ? '' : `Not in the data: ${notInData.join(', ')}.`
  panel.setLead([unit, absent, splitText(splitSubscribers), ...topicTexts(status)].join(' ').trim())
  panel.table(() => ({
    caption: 'Sources and positions',
    columns: [
      { name: 'Source' },
      { name: 'Partition' },
      { name: 'Next row', format: count },
      { name: 'Rows', format: count },
      { name: 'Order' },
      { name: 'Units' },
      { name: 'Evidence' },
    ],
    rows: positions.map((position) => [
      position.name,
      String(position.partition),
      position.next,
      position.rows,
      ORDERS[position.order],
      unitsText(position),
      position.evidence,
    ]),
  }))
}
