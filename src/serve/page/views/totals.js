// The head of the page: totals of the snapshot, progress of reading, state of the topic.
import { byId, make, setText } from '../dom.js'
import { count, meanCount, share, span } from '../format.js'
import { hasMetric } from '../known.js'
import { metric, METRICS } from '../metrics.js'
import { TABLES } from '../tables.js'
import { moment } from '../zone.js'

/** @typedef {import('../../../snapshot/schema.ts').Snapshot} Snapshot */
/** @typedef {import('../../api/status.ts').ProgressMessage} ProgressMessage */
/** @typedef {import('../../api/status.ts').KafkaMessage} KafkaMessage */
/** @typedef {import('../../health/replica-age.ts').ReplicaMessage} ReplicaMessage */

/** @typedef {import('../format.js').Format} Format */

/** The text below a total: the mean per subscriber. @param {Format} format */
const perSubscriber =
  (format) =>
  (/** @type {number} */ value, /** @type {Snapshot} */ { subscribers }) =>
    subscribers === 0 ? '' : `${format(value / subscribers)} per subscriber`

/**
 * All totals; `more` is the text below one.
 * @typedef {[id: string, name: string, value: (snapshot: Snapshot) => number, format: Format,
 *   more?: (value: number, snapshot: Snapshot) => string]} Total
 */
/** @type {Total[]} */
const TOTALS = [
  ['subscribers', 'Subscribers', (snapshot) => snapshot.subscribers, count],
  ['records', 'Records', (snapshot) => snapshot.records, count, perSubscriber(meanCount)],
  ...METRICS.map((key) => {
    const { name, format, mean } = metric(key)
    const value = (/** @type {Snapshot} */ snapshot) => snapshot[key]
    return /** @type {Total} */ ([key, name, value, format, perSubscriber(mean)])
  }),
  [
    'rejected',
    'Rows rejected',
    rejectedRows,
    count,
    (rows, { records }) => `${share(rows / (rows + records || 1))} of all rows`,
  ],
]

/** Rejected rows of all reasons. */
export function rejectedRows(/** @type {Snapshot} */ snapshot) {
  return Object.values(snapshot.rejected).reduce((sum, rows) => sum + rows, 0)
}

/** Makes the cards; the result shows a snapshot in them. */
export function createTotals() {
  const list = byId('totals')
  const cards = TOTALS.map(([id, name, value, format, more = () => '']) => {
    const data = /** @type {HTMLDataElement} */ (make('data', '–'))
    const below = make('small')
    const card = make('div', make('dt', name), make('dd', data, below))
    data.id = `total-${id}`
    list.append(card)
    return { id, data, below, value, format, more }
  })
  return (/** @type {Snapshot} */ snapshot) => {
    for (const { id, data, below, value, format, more } of cards) {
      const number = value(snapshot)
      data.value = String(number)
      data.title = number.toLocaleString('en')
      const isKnown = hasMetric(snapshot, id)
      setText(data, isKnown ? format(number) : TABLES.notInData)
      setText(below, isKnown ? more(number, snapshot) : '')
    }
  }
}

/** Shows that the connection is lost, until the next message. */
export function showLost() {
  const state = byId('state')
  state.dataset['state'] = 'lost'
  setText(state, 'no connection')
  setText(byId('rate'), '')
  setText(byId('eta'), '')
}

/** Shows a progress message in the head of the page. */
export function showProgress(/** @type {ProgressMessage} */ message) {
  const state = byId('state')
  state.dataset['state'] = message.state
  setText(state, message.state)
  const bar = /** @type {HTMLProgressElement} */ (byId('progress'))
  bar.value = message.progress ?? 0
  const rows = message.counters?.rows ?? 0
  const moving = !message.done && message.state === 'running'
  setText(byId('rate'), moving ? `${count(message.rowsPerSecond)} rows/s` : '')
  setText(byId('rows'), rowsText(rows, message))
  setText(
    byId('eta'),
    moving && message.etaSeconds !== null ? `${span(message.etaSeconds)} left` : '',
  )
  if (message.snapshotAtMs !== null) {
    setText(
      byId('as-of'),
      `Snapshot ${message.snapshotNumber ?? ''} of ${moment(message.snapshotAtMs)} · ` +
        `version ${message.version} · up ${span(message.uptimeSeconds)}`,
    )
  }
}

/**
 * @param {number} rows
 * @param {ProgressMessage} message
 */
function rowsText(rows, message) {
  if (message.progress === null) return ''
  if (message.kafka !== null) return `${count(rows)} rows read`
  if (message.done) return `all ${count(rows)} rows read`
  return `${count(rows)} of ${count(message.totalRows)} rows`
}

/** Shows the state of the topic, if there is one, and why the pipeline is not ready. */
export function showTopic(/** @type {ProgressMessage} */ message) {
  const { kafka, replica } = message
  setText(
    byId('topic'),
    kafka !== null ? topicText(kafka) : replica !== null ? replicaText(replica) : '',
  )
  // The state `starting` is shown next to the name, and is not a problem.
  const reason = message.state === 'starting' ? null : message.notReady
  const late = replica?.late ?? null
  setText(byId('not-ready'), reason !== null ? `Not ready: ${reason}` : (late ?? ''))
}

function replicaText(/** @type {ReplicaMessage} */ replica) {
  const { prefix, partitions, ofPartitions, asOfMs } = replica
  return [
    `Replica of changelog ${prefix}`,
    `${count(partitions)} of ${count(ofPartitions)} partitions`,
    asOfMs === null ? 'no checkpoint yet' : `all of them as of ${moment(asOfMs)} or later`,
  ].join(' · ')
}

function topicText(/** @type {KafkaMessage} */ kafka) {
  const { topic, member, assignedPartitions, topicPartitions } = kafka
  return [
    `Topic ${topic}`,
    `${count(assignedPartitions)} of ${count(topicPartitions)} partitions`,
    lagText(kafka),
    member ? 'member of its group' : 'not a member of its group',
  ].join(' · ')
}

function lagText(/** @type {KafkaMessage} */ { lagRecords, lagSeconds }) {
  if (lagRecords === null) return 'lag not known yet'
  if (lagRecords === 0) return 'no lag'
  const behind = lagSeconds === null ? '' : `, ${span(lagSeconds)} behind`
  return `lag ${count(lagRecords)} records${behind}`
}
