// Traffic of each application: download and upload of one colour, share, and who uses it.
import { bars, createChart, tooltip } from './chart.js'
import { byId, make, setText, swatch, table } from './dom.js'
import { bytes, count, share } from './format.js'
import { applicationColours } from './palette.js'

/** @typedef {import('../../snapshot/schema.ts').Snapshot} Snapshot */

/** Room for the longest value, such as `999 GB · 99.9%`. */
const VALUE_ROOM = 122
/** Added to a colour: half of it shines through. */
const HALF = '80'

/** Makes the chart; the result shows a snapshot in it. */
export function createApplications() {
  const chart = createChart(byId('applications'))
  return (/** @type {Snapshot} */ snapshot) => {
    const ranked = [...snapshot.applications].sort((a, b) => b.trafficBytes - a.trafficBytes)
    const colours = applicationColours(ranked.map(({ name }) => name))
    const most = snapshot.topApplications.join(', ')
    setText(
      byId('applications-lead'),
      `${most === '' ? '' : `Most used: ${most}. `}Full colour is download, pale is upload.`,
    )
    chart.draw((surroundings) => {
      const side = (/** @type {'downlinkBytes' | 'uplinkBytes'} */ key) => ({
        id: key,
        type: /** @type {const} */ ('bar'),
        stack: 'traffic',
        barCategoryGap: '34%',
        data: ranked.map((each) => ({
          value: each[key],
          itemStyle: { color: `${colours.get(each.name)}${key === 'uplinkBytes' ? HALF : ''}` },
        })),
      })
      return {
        ...bars(
          surroundings,
          ranked.map(({ name }) => name),
          VALUE_ROOM,
        ),
        tooltip: tooltip(surroundings.theme, 'axis', (index) => content(ranked[index])),
        series: [
          side('downlinkBytes'),
          {
            ...side('uplinkBytes'),
            label: {
              show: true,
              position: 'right',
              color: surroundings.theme.ink,
              fontSize: 12.5,
              formatter: (/** @type {{ dataIndex: number }} */ { dataIndex }) => {
                const each = ranked[dataIndex]
                return each === undefined
                  ? ''
                  : `${bytes(each.trafficBytes)} · ${share(each.share)}`
              },
            },
          },
        ],
      }
    })
    byId('applications-table').replaceChildren(
      table(
        'Traffic by application',
        ['Application', 'Download', 'Upload', 'Total', 'Share', 'Subscribers'],
        [
          {
            rows: ranked.map((each) => [
              make('span', swatch(colours.get(each.name) ?? ''), each.name),
              bytes(each.downlinkBytes),
              bytes(each.uplinkBytes),
              bytes(each.trafficBytes),
              share(each.share),
              count(each.subscribers),
            ]),
          },
        ],
      ),
    )
  }
}

/**
 * @param {Snapshot['applications'][number] | undefined} application
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
