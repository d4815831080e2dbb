// Dashboard: what do subscribers do?
import type { DashboardSource } from './dashboard.ts'
import { snapshotAge, state } from './health.ts'
import { barchart, bargauge, stat, timeseries } from './kinds.ts'
import type { PanelSource, Placed } from './panel.ts'
import { maxBy, of, rate, sumBy } from './query.ts'

type Number = Pick<PanelSource, 'title' | 'description' | 'unit'>

const now = ({ title, description, unit }: Number, expr: string): Placed =>
  stat({ title, description, unit, width: 4, queries: [{ expr, legend: title }] })

const health: Placed[] = [
  state(4),
  snapshotAge(4),
  now(
    { title: 'Subscribers', description: 'Subscribers in the last snapshot.', unit: 'short' },
    `max(${of('snapshot_subscribers')})`,
  ),
  now(
    { title: 'Sessions', description: 'Sessions applied a second.', unit: 'recps' },
    `sum(${rate('records_total', 'outcome="applied"')})`,
  ),
  now(
    { title: 'Traffic', description: 'Traffic of the sessions applied a second.', unit: 'Bps' },
    `sum(${rate('traffic_bytes_total')})`,
  ),
  now(
    {
      title: 'Session time',
      description: 'Time of the sessions applied a second: in live data, sessions at once.',
      unit: 'none',
    },
    `sum(${rate('session_seconds_total')})`,
  ),
]

const applications: Placed[] = [
  timeseries({
    title: 'Traffic by application',
    description: 'Traffic of the sessions applied a second.',
    unit: 'Bps',
    width: 12,
    stacked: true,
    queries: [
      { expr: sumBy('application', rate('traffic_bytes_total')), legend: '{{application}}' },
    ],
  }),
  timeseries({
    title: 'Download and upload',
    description: 'Traffic of the sessions applied a second, by direction.',
    unit: 'Bps',
    width: 12,
    queries: [{ expr: sumBy('direction', rate('traffic_bytes_total')), legend: '{{direction}}' }],
  }),
  barchart(
    {
      title: 'Share of traffic',
      description: 'Share of all application traffic, as of the last snapshot.',
      unit: 'percentunit',
      width: 12,
      queries: [
        {
          expr: maxBy('application', of('application_traffic_share_ratio')),
          legend: '{{application}}',
        },
      ],
    },
    'application',
  ),
  barchart(
    {
      title: 'Subscribers by application',
      description: 'Subscribers that used an application at all, as of the last snapshot.',
      unit: 'short',
      width: 12,
      queries: [
        { expr: maxBy('application', of('application_subscribers')), legend: '{{application}}' },
      ],
    },
    'application',
  ),
]

const NAMES_ELSEWHERE = 'Who they are, the page and the API tell those who may know.'

const top = (metric: Parameters<typeof of>[0], what: string, unit: string): Placed =>
  bargauge({
    oneColor: true,
    title: `Top 10 by ${what}`,
    description: `The subscribers with the most ${what}, by rank. ${NAMES_ELSEWHERE}`,
    unit,
    width: 8,
    queries: [{ expr: `sort_desc(${maxBy('rank', of(metric))})`, legend: '{{rank}}' }],
  })

const share = of('application_traffic_share_ratio')

/** Applications in order of their traffic, without those before the place. */
const atPlace = (place: number): string =>
  place === 1
    ? `topk(1, ${share})`
    : `(topk(${place}, ${share}) unless topk(${place - 1}, ${share}))`

const topOfPlace = (place: number, ordinal: string): Placed =>
  bargauge({
    oneColor: true,
    title: `Top 10 of the ${ordinal} application`,
    description: `Subscribers with the most traffic in the ${ordinal} application by traffic.`,
    unit: 'decbytes',
    width: 8,
    queries: [
      {
        expr:
          `sort_desc(${maxBy('application, rank', of('application_top_subscriber_traffic_bytes'))}` +
          ` and on (application) ${atPlace(place)})`,
        legend: '{{application}} {{rank}}',
      },
    ],
  })

const distribution = (metric: Parameters<typeof of>[0], what: string, unit: string): Placed =>
  bargauge({
    oneColor: true,
    title: `${what} by percentile`,
    description: `So many per cent of the subscribers have at most this. Last snapshot.`,
    unit,
    width: 8,
    queries: [{ expr: `sort(${maxBy('percentile', of(metric))})`, legend: '{{percentile}} %' }],
  })

export const engagement: DashboardSource = {
  name: 'engagement',
  title: 'xdr-pulse: engagement',
  question: 'What do subscribers do, and which applications do they use?',
  ofOneProcess: true,
  rows: [
    { title: 'Is it well?', height: 4, panels: health },
    { title: 'Applications', height: 8, panels: applications },
    {
      title: 'The busiest subscribers',
      height: 9,
      panels: [
        top('top_subscriber_sessions', 'sessions', 'none'),
        top('top_subscriber_duration_seconds', 'session time', 's'),
        top('top_subscriber_traffic_bytes', 'traffic', 'decbytes'),
      ],
    },
    {
      title: 'The three most used applications',
      height: 9,
      panels: [topOfPlace(1, 'first'), topOfPlace(2, 'second'), topOfPlace(3, 'third')],
    },
    {
      title: 'All subscribers',
      height: 8,
      panels: [
        distribution('subscriber_sessions', 'Sessions', 'none'),
        distribution('subscriber_duration_seconds', 'Session time', 's'),
        distribution('subscriber_traffic_bytes', 'Traffic', 'decbytes'),
      ],
    },
  ],
}
