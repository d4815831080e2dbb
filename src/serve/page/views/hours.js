// Traffic by hour and application over time.
import { valueAxis } from '../axes.js'
import { ALL, APPLICATIONS } from '../choices.js'
import { tooltip } from '../chart.js'
import { bytes, count } from '../format.js'
import { absentText, hasMetric, hasTraffic, knownApplications, knownCell } from '../known.js'
import { metric, metricIn, METRICS } from '../metrics.js'
import { APPLICATION_COLOURS } from '../palette.js'
import { createPanel } from '../panel.js'
import { known, measureText, trafficIn, UNKNOWN } from './traffic.js'
import { hourOf, local, zoneName } from '../zone.js'

/** @typedef {import('../../../snapshot/schema.ts').Snapshot} Snapshot */
/** @typedef {import('../../../snapshot/schema.ts').Hour} Hour */
/** @typedef {import('../choices.js').Chosen} Chosen */
/** @typedef {import('../chart.js').Surroundings} Surroundings */

/** With more hours than this the chart has a zoom slider. */
const MANY_HOURS = 48
const HALF_HOUR_MS = 1_800_000

/** Makes the panel; the result shows a snapshot in it. */
export function createHours() {
  const panel = createPanel({
    id: 'hours',
    title: 'Traffic by hour',
    views: ['overview', 'time'],
    span: 'full',
    choices: ['app', 'traffic', 'lines'],
  })
  return (/** @type {Snapshot} */ snapshot, /** @type {Chosen} */ chosen) => {
    const hours = known(snapshot.hours)
    const unread = snapshot.hours.find(({ startMs }) => startMs === null)?.records ?? 0
    const what = `${metric(chosen.traffic).name} of ${chosen.app === ALL ? 'all applications' : chosen.app}`
    const names = knownApplications(snapshot, chosen.traffic).filter(isChosen(chosen))
    panel.setLead(
      `${what} in each hour (${zoneName()}) in which sessions started` +
        `${unread === 0 ? '.' : `; ${count(unread)} records without a readable Start are left out.`}` +
        `${chosen.app === ALL ? ` ${measureText(snapshot, snapshot, chosen.traffic)}` : ''}` +
        absentText(APPLICATIONS.filter(isChosen(chosen)).filter((name) => !names.includes(name))),
    )
    panel.draw((surroundings) => option(surroundings, hours, names, chosen))
    panel.table(() => tableOf(snapshot, chosen))
  }
}

/** Selects applications. @param {Chosen} chosen */
function isChosen({ app }) {
  return (/** @type {string} */ name) => app === ALL || name === app
}

/**
 * @param {Surroundings} surroundings
 * @param {readonly Hour[]} hours
 * @param {readonly string[]} names of the applications
 * @param {Chosen} chosen
 * @returns {import('../chart.js').Option}
 */
function option({ theme, narrow }, hours, names, chosen) {
  const isLog = chosen.lines === 'log'
  const isMany = hours.length > MANY_HOURS
  const times = timesOf(hours)
  return {
    // The times are local times given as UTC.
    useUTC: true,
    grid: {
      left: 2,
      right: 16,
      top: names.length > 1 && narrow ? 64 : 40,
      bottom: isMany ? 32 : 6,
      outerBoundsMode: 'same',
    },
    legend: {
      show: names.length > 1,
      top: 0,
      right: 4,
      left: 4,
      icon: 'roundRect',
      itemWidth: 12,
      itemHeight: 12,
      textStyle: { color: theme.ink, fontSize: 12.5 },
      inactiveColor: theme.line,
    },
    xAxis: {
      type: 'time',
      name: `hours in ${zoneName()}`,
      nameLocation: 'middle',
      nameGap: 26,
      nameTextStyle: { color: theme.muted },
      axisLine: { lineStyle: { color: theme.line } },
      axisLabel: { color: theme.ink, hideOverlap: true },
      splitLine: { show: false },
    },
    yAxis: valueAxis(theme, '', bytes, isLog),
    dataZoom: isMany ? [zoom(theme)] : [],
    tooltip: tooltip(theme, 'axis', (index) => ({
      title: hourOf(hours[index]?.startMs ?? 0),
      rows: names.map((name) => [name, bytes(trafficIn(hours[index], name, chosen.traffic))]),
    })),
    series: names.map((name) => ({
      // ECharts merges series of the same id, and would keep the stack and the area.
      id: `${name}, ${chosen.lines}`,
      name,
      type: 'line',
      symbol: 'none',
      color: APPLICATION_COLOURS.get(name) ?? '',
      lineStyle: { width: isLog || names.length === 1 ? 1.8 : 0.8 },
      ...(isLog ? {} : { stack: 'traffic', areaStyle: { opacity: 0.75 } }),
      data: hours.map((hour, index) => {
        const value = trafficIn(hour, name, chosen.traffic)
        return [times[index] ?? 0, isLog && value === 0 ? null : value]
      }),
    })),
  }
}

/**
 * The places of hours on the axis. The second of two hours with the same local time is half an hour
 * after the first, as two values at one place could not be stacked.
 * @param {readonly Hour[]} hours
 */
function timesOf(hours) {
  let before = -Infinity
  return hours.map(({ startMs }) => (before = Math.max(local(startMs ?? 0), before + HALF_HOUR_MS)))
}

/** @param {import('../palette.js').Theme} theme */
function zoom(theme) {
  return {
    id: 'zoom',
    type: /** @type {const} */ ('slider'),
    height: 18,
    bottom: 2,
    showDataShadow: false,
    showDetail: false,
    borderColor: theme.line,
    fillerColor: `${theme.accent}30`,
    brushSelect: false,
    handleStyle: { color: theme.surface, borderColor: theme.accent },
    moveHandleSize: 0,
  }
}

/**
 * @param {Snapshot} snapshot
 * @param {Chosen} chosen
 * @returns {import('../table.js').Table}
 */
function tableOf(snapshot, chosen) {
  const names = APPLICATIONS.filter(isChosen(chosen))
  return {
    caption: 'Traffic by hour',
    columns: [
      { name: `Hour (${zoneName()})` },
      { name: 'Records', format: count },
      ...METRICS.map((key) => {
        const { name, unit, format } = metric(key)
        return { name: unit === 'bytes' ? `Total ${name.toLowerCase()}` : name, unit, format }
      }),
      ...names.map((name) => ({
        name: `${name}, ${metric(chosen.traffic).name.toLowerCase()}`,
        unit: 'bytes',
        format: bytes,
      })),
    ],
    rows: snapshot.hours.map((hour) => [
      hour.startMs === null ? UNKNOWN : hourOf(hour.startMs),
      hour.records,
      ...METRICS.map((key) => knownCell(hasMetric(snapshot, key), metricIn(hour, key))),
      ...names.map((name) =>
        knownCell(
          hasTraffic(snapshot, name, chosen.traffic),
          trafficIn(hour, name, chosen.traffic),
        ),
      ),
    ]),
  }
}
