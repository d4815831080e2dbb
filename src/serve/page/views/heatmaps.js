// Traffic by hour of the day: by application, and by date.
import { nameAxis } from '../axes.js'
import { tooltip } from '../chart.js'
import { ALL, APPLICATIONS } from '../choices.js'
import { bytes } from '../format.js'
import { absentText, knownApplications } from '../known.js'
import { metric } from '../metrics.js'
import { createPanel } from '../panel.js'
import { known, measureText, trafficIn } from './traffic.js'
import { local, minuteOf, zoneName } from '../zone.js'

/** @typedef {import('../../../snapshot/schema.ts').Snapshot} Snapshot */
/** @typedef {import('../../../snapshot/schema.ts').Hour} Hour */
/** @typedef {import('../choices.js').Chosen} Chosen */
/** @typedef {{ rows: string[], cells: number[][] }} Grid cells: bytes by row, then hour */

const HOURS = Array.from({ length: 24 }, (_, hour) => String(hour).padStart(2, '0'))
/** The hours of a day without traffic. */
const noHours = () => HOURS.map(() => 0)
/** The most recent days shown. */
const DAYS = 35
/** The most rows that are labelled. */
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
    const columns = columnNames(hours)
    const names = knownApplications(snapshot, chosen.traffic)
    applications.setLead(
      `Each application relative to its own busiest hour of the day, hours in ${zoneName()}.` +
        absentText(APPLICATIONS.filter((name) => !names.includes(name))),
    )
    show(applications, byApplication(hours, names, chosen.traffic), columns, 'Application')
    const what = chosen.app === ALL ? 'all applications' : chosen.app
    days.setLead(
      `${metric(chosen.traffic).name} of ${what} relative to the busiest hour, hours in ${zoneName()}.` +
        `${chosen.app === ALL ? ` ${measureText(snapshot, snapshot, chosen.traffic)}` : ''}` +
        absentText(chosen.app === ALL || names.includes(chosen.app) ? [] : [chosen.app]),
    )
    const isKnown = names.some((name) => chosen.app === ALL || chosen.app === name)
    show(days, byDate(isKnown ? hours : [], chosen), columns, 'Date')
  }
}

/**
 * @param {readonly Hour[]} hours
 * @param {readonly string[]} names of the applications
 * @param {string} direction
 * @returns {Grid}
 */
function byApplication(hours, names, direction) {
  const cells = names.map((name) => {
    const row = noHours()
    for (const hour of hours) add(row, hour, trafficIn(hour, name, direction))
    return row
  })
  return { rows: [...names], cells }
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
    const day = minuteOf(hour.startMs ?? 0).slice(0, 10)
    const row = byDay.get(day) ?? noHours()
    add(row, hour, trafficIn(hour, chosen.app, chosen.traffic))
    byDay.set(day, row)
  }
  const last = [...byDay].slice(-DAYS)
  return { rows: last.map(([day]) => day), cells: last.map(([, row]) => row) }
}

/**
 * Adds to the hour of the day. When clocks are set back, one hour of the day holds two hours.
 * @param {number[]} row
 * @param {Hour} hour
 * @param {number} value
 */
function add(row, { startMs }, value) {
  const at = new Date(local(startMs ?? 0)).getUTCHours()
  row[at] = (row[at] ?? 0) + value
}

/**
 * Names of the hours of the day by their start. In some zones the hours, which are those of UTC,
 * begin at half past; the last hour decides.
 * @param {readonly Hour[]} hours
 */
function columnNames(hours) {
  const minutes = minuteOf(hours.at(-1)?.startMs ?? 0).slice(-2)
  return minutes === '00' ? HOURS : HOURS.map((hour) => `${hour}:${minutes}`)
}

/**
 * @param {import('../panel.js').Panel} panel
 * @param {Grid} grid
 * @param {readonly string[]} columns
 * @param {'Application' | 'Date'} rowName an application is relative to its own maximum
 */
function show(panel, { rows, cells }, columns, rowName) {
  const most = cells.map((row) => Math.max(0, ...row))
  const all = Math.max(0, ...most)
  const data = cells.flatMap((row, at) =>
    row.map((value, hour) => [
      hour,
      at,
      value / ((rowName === 'Application' ? most[at] : all) || 1),
    ]),
  )
  panel.draw(({ theme }) => ({
    grid: { left: 2, right: 4, top: 30, bottom: 2, outerBoundsMode: 'same' },
    xAxis: {
      ...nameAxis(theme, columns, `hour of the day in ${zoneName()}`),
      splitArea: { show: false },
    },
    yAxis: {
      ...nameAxis(theme, rows),
      inverse: true,
      axisLine: { show: false },
      axisLabel: { color: theme.ink, interval: Math.ceil(rows.length / MOST_NAMES) - 1 },
    },
    visualMap: {
      type: 'continuous',
      orient: 'horizontal',
      hoverLink: false,
      top: 0,
      right: 0,
      itemWidth: 10,
      itemHeight: 70,
      text: ['busiest', 'none'],
      textStyle: { color: theme.muted },
      min: 0,
      max: 1,
      dimension: 2,
      inRange: { color: [theme.grid, theme.heat, theme.hottest] },
    },
    tooltip: tooltip(theme, 'item', (index) => {
      const [hour = 0, at = 0] = data[index] ?? []
      return {
        title: `${rows[at] ?? ''}, hour from ${columns[hour]}${columns === HOURS ? ':00' : ''}`,
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
    caption: `Traffic by hour of the day in ${zoneName()}`,
    columns: [
      { name: rowName },
      ...columns.map((hour) => ({ name: `from ${hour}`, unit: 'bytes', format: bytes })),
    ],
    rows: rows.map((row, at) => [row, ...(cells[at] ?? [])]),
  }))
}
