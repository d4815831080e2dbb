// Traffic of each application: download and upload in one colour, share, and its top subscribers.
import { bars, barSeries } from '../axes.js'
import { tooltip } from '../chart.js'
import { TRAFFIC } from '../choices.js'
import { bytes, count, share } from '../format.js'
import { APPLICATION_COLOURS } from '../palette.js'
import { createPanel } from '../panel.js'
import { showLeaders } from './top.js'
import { measureText } from './traffic.js'

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
    const most = snapshot.topApplications.join(', ')
    panel.setLead(
      `${most === '' ? '' : `Most used: ${most}. `}Solid bars are download, pale bars are upload. ` +
        measureText(snapshot),
    )
    panel.draw((surroundings) => option(surroundings, ranked))
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
        each.downlinkBytes,
        each.uplinkBytes,
        each.trafficBytes,
        each.share,
        each.subscribers,
      ]),
    }))
  }
}

/**
 * @param {import('../chart.js').Surroundings} surroundings
 * @param {readonly Application[]} ranked
 * @returns {import('../chart.js').Option}
 */
function option(surroundings, ranked) {
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
    tooltip: tooltip(surroundings.theme, 'axis', (index) => content(ranked[index])),
    series: [side('downlinkBytes', false), side('uplinkBytes', true)],
  }
}

/**
 * @param {Application | undefined} application
 * @returns {{ title: string, rows: [string, string][] }}
 */
function content(application) {
  if (application === undefined) return { title: '', rows: [] }
  return {
    title: application.name,
    rows: [
      ['Download', bytes(application.downlinkBytes)],
      ['Upload', bytes(application.uplinkBytes)],
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
