// The pipeline: rows per second over the last minutes, lag, durability, snapshots.
import { valueAxis } from '../axes.js'
import { tooltip } from '../chart.js'
import { byId, make, setEntries } from '../dom.js'
import { bytes, count, span, tick } from '../format.js'
import { createPanel } from '../panel.js'
import { clock, local, moment, secondOf, zoneName } from '../zone.js'

/** @typedef {import('../../api/status.ts').ProgressMessage} ProgressMessage */
/** @typedef {import('../../api/status.ts').Status} Status */

/** Messages kept: about five minutes. */
const HISTORY = 300
/** The shortest time shown. */
const LEAST_MS = 60_000

/** Makes the panels; `progress` shows a message of the stream, `status` an answer of the API. */
export function createPipeline() {
  const rates = createPanel({
    id: 'rates',
    title: 'Rows read per second',
    views: ['pipeline'],
    span: 'half',
    chart: 'low',
  })
  const figures = createPanel({
    id: 'pipeline',
    title: 'Pipeline',
    views: ['pipeline'],
    span: 'half',
    chart: false,
  })
  const list = make('dl')
  list.className = 'entries'
  byId('pipeline-lead').after(list)
  /** @type {{ atMs: number, rate: number }[]} */
  const history = []
  /** @type {ProgressMessage | null} */
  let latest = null
  /** @type {Status | null} */
  let details = null
  const show = () => {
    if (latest === null) return
    const entries = entriesOf(latest, details)
    setEntries(list, entries)
    figures.table(() => ({
      caption: 'Pipeline',
      columns: [{ name: 'Figure' }, { name: 'Value' }],
      rows: entries.map(([name, value, more]) => [name, more ? `${value} (${more})` : value]),
    }))
  }
  return {
    progress(/** @type {ProgressMessage} */ message) {
      latest = message
      history.push({ atMs: Date.now(), rate: message.done ? 0 : message.rowsPerSecond })
      history.splice(0, history.length - HISTORY)
      rates.setLead(
        message.done ? 'All rows are read.' : `Now ${count(message.rowsPerSecond)} rows/s.`,
      )
      showRates(rates, [...history])
      show()
    },
    status(/** @type {Status | null} */ status) {
      details = status ?? details
      show()
    },
  }
}

/**
 * @param {import('../panel.js').Panel} panel
 * @param {readonly { atMs: number, rate: number }[]} history
 */
function showRates(panel, history) {
  panel.draw(({ theme }) => ({
    // The times are local times given as UTC.
    useUTC: true,
    grid: { left: 2, right: 14, top: 8, bottom: 2, outerBoundsMode: 'same' },
    xAxis: {
      type: 'time',
      name: `time in ${zoneName()}`,
      nameLocation: 'middle',
      nameGap: 26,
      nameTextStyle: { color: theme.muted },
      min: local(Math.min(history[0]?.atMs ?? 0, (history.at(-1)?.atMs ?? 0) - LEAST_MS)),
      axisLine: { lineStyle: { color: theme.line } },
      axisLabel: { color: theme.ink, hideOverlap: true },
    },
    yAxis: { ...valueAxis(theme, 'rows/s', tick), min: 0, minInterval: 1 },
    tooltip: tooltip(theme, 'axis', (index) => ({
      title: clock(history[index]?.atMs ?? 0),
      rows: [['Rows per second', count(history[index]?.rate ?? 0)]],
    })),
    animation: false,
    series: [
      {
        id: 'rate',
        type: 'line',
        symbol: history.length > 1 ? 'none' : 'circle',
        color: theme.accent,
        areaStyle: { opacity: 0.2 },
        data: history.map(({ atMs, rate }) => [local(atMs), rate]),
      },
    ],
  }))
  panel.table(() => ({
    caption: 'Rows read per second since this page was opened',
    columns: [{ name: `Time (${zoneName()})` }, { name: 'Rows per second', format: count }],
    rows: history.map(({ atMs, rate }) => [secondOf(atMs), rate]),
  }))
}

/**
 * @param {ProgressMessage} message
 * @param {Status | null} status
 * @returns {[name: string, value: string, more: string][]}
 */
function entriesOf(message, status) {
  const { counters, kafka, lastDurableMs, eventTimeMs, snapshotAtMs } = message
  /** @type {[string, string, string][]} */
  const entries = [
    ['State', message.state, message.notReady ?? 'ready'],
    [
      'Rows read',
      count(counters?.rows ?? 0),
      message.totalRows > 0 ? `of ${count(message.totalRows)}` : '',
    ],
    ['Lag', lagOf(message), kafka === null ? '' : `topic ${kafka.topic}`],
    [
      'Last durable',
      lastDurableMs === null ? 'nothing yet' : moment(lastDurableMs),
      `${count(counters?.commits ?? 0)} commits since the start`,
    ],
    ['Changed since then', `${count(message.dirtySubscribers)} subscribers`, ''],
    ['Event time reached', eventTimeMs === null ? 'not known' : moment(eventTimeMs), ''],
    [
      'Snapshot shown',
      snapshotAtMs === null ? 'none yet' : moment(snapshotAtMs),
      status?.timings ? `took ${sumSeconds(status.timings)}` : '',
    ],
  ]
  const store = status?.store
  if (store) {
    const free = `${bytes(store.volumeFreeBytes)} free on its volume`
    entries.push(['State directory', bytes(store.fileBytes), free])
  }
  return entries
}

/** @param {ProgressMessage} message */
function lagOf({ kafka, totalRows, counters, etaSeconds }) {
  if (kafka === null) {
    const left = Math.max(0, totalRows - (counters?.rows ?? 0))
    return left === 0
      ? 'none'
      : `${count(left)} rows${etaSeconds === null ? '' : `, ${span(etaSeconds)}`}`
  }
  if (kafka.lagRecords === null) return 'not known yet'
  if (kafka.lagRecords === 0) return 'none'
  const behind = kafka.lagSeconds === null ? '' : `, ${span(kafka.lagSeconds)}`
  return `${count(kafka.lagRecords)} records${behind}`
}

/** @param {NonNullable<Status['timings']>} timings */
function sumSeconds(timings) {
  return `${Object.values(timings)
    .reduce((sum, each) => sum + each, 0)
    .toFixed(2)} s`
}
