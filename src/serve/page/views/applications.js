// Traffic of each application: download and upload in one colour, share, and its top subscribers.
import { bars, barSeries } from '../axes.js'
import { tooltip } from '../chart.js'
import { TRAFFIC } from '../choices.js'
import { bytes, count, share } from '../format.js'
import { absentText, hasTraffic, knownCell } from '../known.js'
import { APPLICATION_COLOURS } from '../palette.js'
import { createPanel } from '../panel.js'
import { showLeaders } from './top.js'
import { directionCells, directionRows, measureText } from './traffic.js'

/** @typedef {import('../../../snapshot/schema.ts').Snapshot} Snapshot */
/** @typedef {Snapshot['applications'][number]} Application */

/** Room for the longest value, such as `999 GB · 99.9%`. */
const VALUE_ROOM = 122
/** An alpha of one half, appended to a colour. */
const HALF = '80'
/** The number of most used applications, whose top subscribers are shown. */
const MOST_USED = 3

/** Makes the panel; the result shows a snapshot in it. */
export function createApplications() {
  const panel = createPanel({
    id: 'applications',
    title: 'Traffic by application',
    views: ['overview', 'applications'],
    span: 'half',
  })
  return (/** @type {Snapshot} */ snapshot) => {
    const ranked = [...snapshot.applications].sort((a, b) => b.trafficBytes - a.trafficBytes)
    const drawn = ranked.filter(({ name }) => hasTraffic(snapshot, name))
    const most = snapshot.topApplications.join(', ')
    panel.setLead(
      `${most === '' ? '' : `Most used: ${most}. `}Solid bars are download, pale bars are upload. ` +
        measureText(snapshot, snapshot) +
        absentText(ranked.filter((each) => !drawn.includes(each)).map(({ name }) => name)),
    )
    panel.draw((surroundings) => option(surroundings, snapshot, drawn))
    panel.table(() => ({
      caption: 'Traffic by application',
      columns: [
        { name: 'Application' },
        { name: 'Download', unit: 'bytes', format: bytes },
        { name: 'Upload', unit: 'bytes', format: bytes },
        { name: 'Total', unit: 'bytes', format: bytes },
        { name: 'Share', format: share },
        { name: 'Subscribers', format: count },
      ],
      rows: ranked.map((each) => [
        { text: each.name, colour: APPLICATION_COLOURS.get(each.name) },
        ...amounts(snapshot, each),
      ]),
    }))
  }
}

/**
 * Download, upload, total, share and subscribers, where the data has them.
 * @param {Snapshot} snapshot
 * @param {Application} each
 */
function amounts(snapshot, each) {
  const any = hasTraffic(snapshot, each.name)
  return [
    ...directionCells(snapshot, each),
    ...[each.trafficBytes, each.share, each.subscribers].map((value) => knownCell(any, value)),
  ]
}

/**
 * @param {import('../chart.js').Surroundings} surroundings
 * @param {Snapshot} snapshot
 * @param {readonly Application[]} ranked
 * @returns {import('../chart.js').Option}
 */
function option(surroundings, snapshot, ranked) {
  const side = (
    /** @type {'downlinkBytes' | 'uplinkBytes'} */ key,
    /** @type {boolean} */ last,
  ) => ({
    ...barSeries(
      surroundings,
      key,
      ranked.map((each) => ({
        value: each[key],
        text: last ? `${bytes(each.trafficBytes)} · ${share(each.share)}` : '',
        colour: `${APPLICATION_COLOURS.get(each.name)}${last ? HALF : ''}`,
      })),
    ),
    stack: 'traffic',
  })
  return {
    ...bars(
      surroundings,
      ranked.map(({ name }) => name),
      VALUE_ROOM,
    ),
    tooltip: tooltip(surroundings.theme, 'axis', (index) => content(snapshot, ranked[index])),
    series: [side('downlinkBytes', false), side('uplinkBytes', true)],
  }
}

/**
 * @param {Snapshot} snapshot
 * @param {Application | undefined} application
 * @returns {{ title: string, rows: [string, string][] }}
 */
function content(snapshot, application) {
  if (application === undefined) return { title: '', rows: [] }
  return {
    title: application.name,
    rows: [
      ...directionRows(snapshot, application),
      ['Share', share(application.share)],
      ['Subscribers', count(application.subscribers)],
    ],
  }
}

/** Makes a panel for each of the most used applications; the result shows a snapshot in them. */
export function createLeaders() {
  const shown = Array.from({ length: MOST_USED }, (_, at) =>
    createPanel({
      id: `leaders-${at + 1}`,
      title: `Application ${at + 1}`,
      views: ['applications'],
      span: 'third',
    }),
  )
  return (/** @type {Snapshot} */ { applications, topApplications }) => {
    for (const [at, panel] of shown.entries()) {
      const name = topApplications[at]
      const application = applications.find((each) => each.name === name)
      panel.setTitle(name === undefined ? 'No further application' : `${at + 1}. ${name}`)
      panel.setLead(
        application === undefined
          ? ''
          : `The top ${application.top.length} of its ${count(application.subscribers)} subscribers by traffic.`,
      )
      const colour = APPLICATION_COLOURS.get(name ?? '') ?? null
      showLeaders(panel, application?.top ?? [], TRAFFIC, colour)
    }
  }
}
