// When traffic flows: hours of the day against applications, and against the last days.
import { nameAxis } from './axes.js'
import { tooltip } from './chart.js'
import { ALL, APPLICATIONS } from './choices.js'
import { bytes, metric } from './format.js'
import { createPanel } from './panel.js'
import { known, trafficIn } from './traffic.js'

/** @typedef {import('../../snapshot/schema.ts').Snapshot} Snapshot */
/** @typedef {import('../../snapshot/schema.ts').Hour} Hour */
/** @typedef {import('./choices.js').Chosen} Chosen */
/** @typedef {{ rows: string[], cells: number[][] }} Grid cells: bytes by row, then hour */

const HOUR_MS = 3_600_000
const HOURS = Array.from({ length: 24 }, (_, hour) => String(hour).padStart(2, '0'))
/** The last ones shown. */
const DAYS = 35
/** Rows that have their name beside them. */
const MOST_NAMES = 16

/** Makes both panels; the result shows a snapshot in them. */
export function createHeatmaps() {
  const applications = createPanel({
    id: 'rhythm',
    title: 'Hours of the day by application',
    views: ['applications', 'time'],
    span: 'half',
    choices: ['traffic'],
  })
  const days = createPanel({
    id: 'days',
    title: 'Hours of the day by date',
    views: ['time'],
    span: 'half',
    choices: ['app'],
  })
  return (/** @type {Snapshot} */ snapshot, /** @type {Chosen} */ chosen) => {
    const hours = known(snapshot.hours)
    applications.setLead('Each application against its busiest hour of the day, UTC.')
    show(applications, byApplication(hours, chosen.traffic), 'Application', true)
    const what = chosen.app === ALL ? 'all applications' : chosen.app
    days.setLead(`${metric(chosen.traffic).name} of ${what}, against the busiest hour of all, UTC.`)
    show(days, byDate(hours, chosen), 'Date', false)
  }
}

/**
 * @param {readonly Hour[]} hours
 * @param {string} direction
 * @returns {Grid}
 */
function byApplication(hours, direction) {
  const cells = APPLICATIONS.map((name) => {
    const row = HOURS.map(() => 0)
    for (const hour of hours) {
      const at = hourOfDay(hour)
      row[at] = (row[at] ?? 0) + trafficIn(hour, name, direction)
    }
    return row
  })
  return { rows: [...APPLICATIONS], cells }
}

/**
 * @param {readonly Hour[]} hours
 * @param {Chosen} chosen
 * @returns {Grid}
 */
function byDate(hours, chosen) {
  /** @type {Map<string, number[]>} */
  const byDay = new Map()
  for (const hour of hours) {
    const day = new Date(hour.startMs ?? 0).toISOString().slice(0, 10)
    const row = byDay.get(day) ?? HOURS.map(() => 0)
    row[hourOfDay(hour)] = trafficIn(hour, chosen.app, chosen.traffic)
    byDay.set(day, row)
  }
  const last = [...byDay].slice(-DAYS)
  return { rows: last.map(([day]) => day), cells: last.map(([, row]) => row) }
}

/** @param {Hour} hour */
function hourOfDay({ startMs }) {
  return Math.floor((startMs ?? 0) / HOUR_MS) % 24
}

/**
 * @param {import('./panel.js').Panel} panel
 * @param {Grid} grid
 * @param {string} rowName
 * @param {boolean} isRelative each row to its own largest value
 */
function show(panel, { rows, cells }, rowName, isRelative) {
  const most = cells.map((row) => Math.max(0, ...row))
  const all = Math.max(0, ...most)
  const data = cells.flatMap((row, at) =>
    row.map((value, hour) => [hour, at, value / ((isRelative ? most[at] : all) || 1)]),
  )
  panel.draw(({ theme }) => ({
    grid: { left: 2, right: 4, top: 6, bottom: 4, outerBoundsMode: 'same' },
    xAxis: { ...nameAxis(theme, HOURS), splitArea: { show: false } },
    yAxis: {
      ...nameAxis(theme, rows),
      inverse: true,
      axisLine: { show: false },
      axisLabel: { color: theme.ink, interval: Math.ceil(rows.length / MOST_NAMES) - 1 },
    },
    visualMap: {
      show: false,
      min: 0,
      max: 1,
      dimension: 2,
      inRange: { color: [theme.grid, theme.heat, theme.hottest] },
    },
    tooltip: tooltip(theme, 'item', (index) => {
      const [hour = 0, at = 0] = data[index] ?? []
      return {
        title: `${rows[at] ?? ''}, ${HOURS[hour]}:00 to ${HOURS[hour]}:59`,
        rows: [['Traffic', bytes(cells[at]?.[hour] ?? 0)]],
      }
    }),
    series: [
      {
        id: 'heat',
        type: 'heatmap',
        data,
        itemStyle: { borderColor: theme.surface, borderWidth: 1, borderRadius: 2 },
        emphasis: { itemStyle: { borderColor: theme.ink } },
      },
    ],
  }))
  panel.table(() => ({
    caption: 'Traffic by hour of the day',
    columns: [
      { name: rowName },
      ...HOURS.map((hour) => ({ name: `${hour}h`, unit: 'bytes', format: bytes })),
    ],
    rows: rows.map((row, at) => [row, ...(cells[at] ?? [])]),
  }))
}
