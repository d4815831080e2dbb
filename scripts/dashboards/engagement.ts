// Dashboard: what do subscribers do?
import type { DashboardSource } from './dashboard.ts'
import { snapshotAge, state } from './health.ts'
import { barchart, bargauge, stat, timeseries } from './kinds.ts'
import type { PanelSource, Placed } from './panel.ts'
import { grafanaUnit, maxBy, of, rate, sumBy } from './query.ts'
import { EXPOSED, type Exposed } from '../../src/serve/metrics/subscriber-metrics.ts'

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
    { title: 'Records', description: 'Records applied per second.', unit: 'recps' },
    `sum(${rate('records_total', 'outcome="applied"')})`,
  ),
  now(
    { title: 'Traffic', description: 'Traffic of applied records per second.', unit: 'Bps' },
    `sum(${rate('traffic_bytes_total')})`,
  ),
  now(
    {
      title: 'Session time',
      description:
        'Session time applied per second; in live data the number of concurrent sessions.',
      unit: 'none',
    },
    `sum(${rate('session_seconds_total')})`,
  ),
]

const applications: Placed[] = [
  timeseries({
    title: 'Traffic by application',
    description: 'Traffic of applied records per second.',
    unit: 'Bps',
    width: 12,
    stacked: true,
    queries: [
      { expr: sumBy('application', rate('traffic_bytes_total')), legend: '{{application}}' },
    ],
  }),
  timeseries({
    title: 'Download and upload',
    description: 'Traffic of applied records per second, by direction.',
    unit: 'Bps',
    width: 12,
    queries: [{ expr: sumBy('direction', rate('traffic_bytes_total')), legend: '{{direction}}' }],
  }),
  barchart(
    {
      title: 'Share of traffic',
      description: 'Share of the traffic of all applications, in the last snapshot.',
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
      description: 'Subscribers with traffic in an application, in the last snapshot.',
      unit: 'short',
      width: 12,
      queries: [
        { expr: maxBy('application', of('application_subscribers')), legend: '{{application}}' },
      ],
    },
    'application',
  ),
]

const NAMES_ELSEWHERE = 'Page and API show their MSISDNs.'

const top = (metric: Exposed): Placed => {
  const label = metric.label.toLowerCase()
  const expr = `sort_desc(${maxBy('rank', of(`top_subscriber_${metric.name}`))})`
  return bargauge({
    oneColor: true,
    title: `Top 10 by ${label}`,
    description: `The subscribers with the highest ${label}, by rank. ${NAMES_ELSEWHERE}`,
    unit: grafanaUnit(metric.name),
    width: 8,
    queries: [{ expr, legend: '{{rank}}' }],
  })
}

const share = of('application_traffic_share_ratio')

/** The application at a place in the order of traffic. */
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

const distribution = ({ label, name }: Exposed): Placed =>
  bargauge({
    oneColor: true,
    title: `${label} by percentile`,
    description: 'The percentage of subscribers on the left has at most this value.',
    unit: grafanaUnit(name),
    width: 8,
    queries: [
      {
        expr: `sort(${maxBy('percentile', of(`subscriber_${name}`))})`,
        legend: '{{percentile}} %',
      },
    ],
  })

/** The dashboard of subscribers and applications. */
export const engagement: DashboardSource = {
  name: 'engagement',
  title: 'xdr-pulse: engagement',
  question: 'What do subscribers do, and which applications do they use?',
  ofOneProcess: true,
  rows: [
    { title: 'Health', height: 4, panels: health },
    { title: 'Applications', height: 8, panels: applications },
    {
      title: 'Top subscribers',
      height: 9,
      panels: EXPOSED.map(top),
    },
    {
      title: 'Top subscribers of the three most used applications',
      height: 9,
      panels: [topOfPlace(1, 'first'), topOfPlace(2, 'second'), topOfPlace(3, 'third')],
    },
    {
      title: 'All subscribers',
      height: 8,
      panels: EXPOSED.map(distribution),
    },
  ],
}
