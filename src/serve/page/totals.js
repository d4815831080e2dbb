// The figures on top: totals of the snapshot, and how far reading has come.
import { byId, make, setText } from './dom.js'
import { bytes, clock, count, hours, meanCount, span } from './format.js'

/** @typedef {import('../../snapshot/schema.ts').Snapshot} Snapshot */
/** @typedef {import('../status.ts').ProgressMessage} ProgressMessage */

/** @typedef {(value: number) => string} Format */

/**
 * The last says how the mean of a subscriber is shown, where there is one.
 * @type {[id: string, name: string, value: (snapshot: Snapshot) => number, format: Format,
 *   mean?: Format][]}
 */
const TOTALS = [
  ['subscribers', 'Subscribers', (snapshot) => snapshot.subscribers, count],
  ['records', 'Records', (snapshot) => snapshot.records, count, meanCount],
  ['sessions', 'Sessions', (snapshot) => snapshot.sessions, count, meanCount],
  ['duration', 'Time of use', (snapshot) => snapshot.durationMs, hours, hours],
  ['download', 'Download', (snapshot) => snapshot.downlinkBytes, bytes, bytes],
  ['upload', 'Upload', (snapshot) => snapshot.uplinkBytes, bytes, bytes],
  ['refused', 'Rows refused', refusedRows, count],
]

/** Rows refused for whatever reason. */
export function refusedRows(/** @type {Snapshot} */ snapshot) {
  return Object.values(snapshot.refused).reduce((sum, rows) => sum + rows, 0)
}

/** Makes the cards; the result shows a snapshot in them. */
export function createTotals() {
  const list = byId('totals')
  const cards = TOTALS.map(([id, name, value, format, mean]) => {
    const data = /** @type {HTMLDataElement} */ (make('data', '–'))
    const more = make('small')
    const card = make('div', make('dt', name), make('dd', data, more))
    data.id = `total-${id}`
    list.append(card)
    return { data, more, value, format, mean }
  })
  return (/** @type {Snapshot} */ snapshot) => {
    for (const { data, more, value, format, mean } of cards) {
      const number = value(snapshot)
      data.value = String(number)
      data.title = number.toLocaleString('en')
      setText(data, format(number))
      if (mean === undefined || snapshot.subscribers === 0) continue
      setText(more, `${mean(number / snapshot.subscribers)} a subscriber`)
    }
  }
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
      `Snapshot ${message.snapshotNumber ?? ''} of ${clock(message.snapshotAtMs)} · ` +
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
