// The figures on top: totals of the snapshot, and how far reading has come.
import { byId, make, setText } from '../dom.js'
import { bytes, count, hours, meanCount, share, span } from '../format.js'
import { moment } from '../zone.js'

/** @typedef {import('../../../snapshot/schema.ts').Snapshot} Snapshot */
/** @typedef {import('../../api/status.ts').ProgressMessage} ProgressMessage */

/** @typedef {(value: number) => string} Format */

/** What there is to say of a mean of a subscriber. @param {Format} format */
const each =
  (format) =>
  (/** @type {number} */ value, /** @type {Snapshot} */ { subscribers }) =>
    subscribers === 0 ? '' : `${format(value / subscribers)} a subscriber`

/**
 * The last says what stands below the total.
 * @type {[id: string, name: string, value: (snapshot: Snapshot) => number, format: Format,
 *   more?: (value: number, snapshot: Snapshot) => string][]}
 */
const TOTALS = [
  ['subscribers', 'Subscribers', (snapshot) => snapshot.subscribers, count],
  ['records', 'Records', (snapshot) => snapshot.records, count, each(meanCount)],
  ['sessions', 'Sessions', (snapshot) => snapshot.sessions, count, each(meanCount)],
  ['duration', 'Session duration', (snapshot) => snapshot.durationMs, hours, each(hours)],
  ['download', 'Download', (snapshot) => snapshot.downlinkBytes, bytes, each(bytes)],
  ['upload', 'Upload', (snapshot) => snapshot.uplinkBytes, bytes, each(bytes)],
  [
    'rejected',
    'Rows rejected',
    rejectedRows,
    count,
    (rows, { records }) => `${share(rows / (rows + records || 1))} of all rows`,
  ],
]

/** Rows rejected for whatever reason. */
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
    return { data, below, value, format, more }
  })
  return (/** @type {Snapshot} */ snapshot) => {
    for (const { data, below, value, format, more } of cards) {
      const number = value(snapshot)
      data.value = String(number)
      data.title = number.toLocaleString('en')
      setText(data, format(number))
      setText(below, more(number, snapshot))
    }
  }
}

/** Shows that what is known of the pipeline is not current any more, until a message comes. */
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
