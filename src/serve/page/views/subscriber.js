// One subscriber as of now: aggregate, ranks, applications, and the distance to each segment.
import { bars, barSeries } from '../axes.js'
import { tooltip } from '../chart.js'
import { byId, make, setEntries } from '../dom.js'
import { bytes, count } from '../format.js'
import { hasMetric, hasTraffic, knownCell } from '../known.js'
import { metric, METRICS } from '../metrics.js'
import { APPLICATION_COLOURS, segmentColours } from '../palette.js'
import { createPanel } from '../panel.js'
import { directionCells, directionRows, measureText } from './traffic.js'
import { moment } from '../zone.js'

/** @typedef {import('../../../snapshot/subscriber-schema.ts').Subscriber} Found */

/** Pixels for the longest value. */
const VALUE_ROOM = 84
const TITLE_DISTANCES = 'Distance to each segment'
const TITLE_USED = 'Traffic by application'

/** Makes the panels; the result looks a subscriber up and shows it. */
export function createSubscriber() {
  const { main, distances, used } = createPanels()
  const list = make('dl')
  list.className = 'entries'
  const lead = byId('subscriber-lead')
  lead.after(list)
  // Screen readers announce changes of it.
  lead.setAttribute('role', 'status')
  lead.setAttribute('aria-live', 'polite')
  const hide = (/** @type {boolean} */ isEmpty) =>
    byId('panels').classList.toggle('not-found', isEmpty)
  let asked = 0
  return async (/** @type {string} */ msisdn) => {
    const number = ++asked
    main.setTitle(msisdn === '' ? 'Subscriber' : `Subscriber ${msisdn}`)
    // Between two answers, as the same sentence twice would not be announced.
    main.setLead('Looking up…')
    hide(true)
    const { found, text } = await lookUp(msisdn)
    // Another subscriber was looked up in the meantime.
    if (number !== asked) return
    main.setLead(text)
    hide(found === null)
    if (found === null) return
    setEntries(list, entriesOf(found))
    main.table(() => ranksTable(found))
    showDistances(distances, found)
    showApplications(used, found)
  }
}

function createPanels() {
  const half = { views: ['subscriber'], span: /** @type {const} */ ('half') }
  const full = { views: ['subscriber'], span: /** @type {const} */ ('full') }
  return {
    main: createPanel({ ...half, id: 'subscriber', title: 'Subscriber', chart: false, open: true }),
    distances: createPanel({ ...half, id: 'distances', title: TITLE_DISTANCES, chart: 'low' }),
    used: createPanel({ ...full, id: 'used', title: TITLE_USED, chart: 'low' }),
  }
}

/**
 * Looks a subscriber up; the text reports the result.
 * @param {string} msisdn
 * @returns {Promise<{ found: Found | null, text: string }>}
 */
async function lookUp(msisdn) {
  if (msisdn === '') return { found: null, text: 'Enter an MSISDN above: 1 to 15 digits.' }
  const response = await fetch(`/api/v1/subscribers/${encodeURIComponent(msisdn)}`).catch(
    () => null,
  )
  if (response === null) return { found: null, text: 'The server could not be reached.' }
  if (!response.ok) {
    const { detail } = /** @type {{ detail: string }} */ (await response.json())
    return { found: null, text: detail }
  }
  const found = /** @type {Found} */ (await response.json())
  const number = response.headers.get('x-snapshot-number')
  const held = number === null ? '' : `, compared with the segments of snapshot ${number}`
  return { found, text: `As of ${moment(Date.now())}${held}.` }
}

/**
 * @param {Found} found
 * @returns {[string, string, string?][]}
 */
function entriesOf({ aggregate, segment }) {
  const time = (/** @type {number | null} */ ms) => (ms === null ? 'not known' : moment(ms))
  return [
    ['Segment', segment ?? 'none yet'],
    ['Records', count(aggregate.records)],
    ['First start', time(aggregate.firstStartMs)],
    ['Last end', time(aggregate.lastEndMs)],
  ]
}

/**
 * @param {Found} found
 * @returns {import('../table.js').Table}
 */
function ranksTable({ asOf, aggregate, ranks, subscribers }) {
  return {
    caption: 'Aggregate and ranks',
    columns: [
      { name: 'Metric' },
      { name: 'Value' },
      { name: `Rank of ${count(subscribers)}`, format: count },
    ],
    rows: METRICS.map((key) => [
      { text: metric(key).name, unit: metric(key).unit },
      knownCell(hasMetric(asOf, key), aggregate[key]),
      hasMetric(asOf, key) ? ranks[key] : null,
    ]),
    formats: METRICS.map((key) => metric(key).format),
  }
}

/**
 * @param {import('../panel.js').Panel} panel
 * @param {Found} found
 */
function showDistances(panel, { distances, segment }) {
  const names = distances.map(({ segment: name }) => name)
  const colours = segmentColours(names)
  panel.setLead('Distance between the subscriber and the centroid of each segment, after scaling.')
  panel.draw((surroundings) => ({
    ...bars(surroundings, names, VALUE_ROOM),
    tooltip: tooltip(surroundings.theme, 'axis', (index) => ({
      title: names[index] ?? '',
      rows: [['Distance', near(distances[index]?.distance ?? 0)]],
    })),
    series: [
      barSeries(
        surroundings,
        'distances',
        distances.map(({ segment: name, distance }) => ({
          value: distance,
          text: `${near(distance)}${name === segment ? ' nearest' : ''}`,
          colour: colours.get(name) ?? '',
        })),
      ),
    ],
  }))
  panel.table(() => ({
    caption: TITLE_DISTANCES,
    columns: [{ name: 'Segment' }, { name: 'Distance', format: near }],
    rows: distances.map(({ segment: name, distance }) => [
      { text: name, colour: colours.get(name) },
      distance,
    ]),
  }))
}

/** @param {number} distance */
function near(distance) {
  return distance.toPrecision(3)
}

/**
 * @param {import('../panel.js').Panel} panel
 * @param {Found} found
 */
function showApplications(panel, { asOf, aggregate }) {
  const { applications } = aggregate
  panel.setLead(measureText(asOf, aggregate))
  const ranked = applications
    .map((each) => ({ ...each, traffic: each.downlinkBytes + each.uplinkBytes }))
    .sort((a, b) => b.traffic - a.traffic)
  const drawn = ranked.filter(({ name }) => hasTraffic(asOf, name))
  panel.draw((surroundings) => ({
    ...bars(
      surroundings,
      drawn.map(({ name }) => name),
      VALUE_ROOM,
    ),
    tooltip: tooltip(surroundings.theme, 'axis', (index) => ({
      title: drawn[index]?.name ?? '',
      rows: drawn.slice(index, index + 1).flatMap((each) => directionRows(asOf, each)),
    })),
    series: [
      barSeries(
        surroundings,
        'used',
        drawn.map(({ name, traffic }) => ({
          value: traffic,
          text: bytes(traffic),
          colour: APPLICATION_COLOURS.get(name) ?? '',
        })),
      ),
    ],
  }))
  panel.table(() => ({
    caption: TITLE_USED,
    columns: [
      { name: 'Application' },
      { name: 'Download', unit: 'bytes', format: bytes },
      { name: 'Upload', unit: 'bytes', format: bytes },
    ],
    rows: ranked.map((each) => [
      { text: each.name, colour: APPLICATION_COLOURS.get(each.name) },
      ...directionCells(asOf, each),
    ]),
  }))
}
