// Dashboard: health and throughput of all processes.
import type { DashboardSource } from './dashboard.ts'
import { durableAge, freshness, lag, rejected, snapshotAge, state, STATES } from './health.ts'
import { stat, stateTimeline, table, timeseries } from './kinds.ts'
import type { Placed } from './panel.ts'
import { maxBy, of, orZero, quantile, rate, stateNumber, sumBy } from './query.ts'

const health: Placed[] = [
  stat({
    title: 'Alerts',
    description: 'Firing alerts of the selected processes.',
    unit: 'none',
    width: 3,
    steps: [
      [0, 'green'],
      [1, 'red'],
    ],
    queries: [
      {
        expr: orZero(`count(${of('ALERTS', 'alertname=~"XdrPulse.+",alertstate="firing"')})`),
        legend: 'alerts',
      },
    ],
  }),
  stat({
    title: 'Answering',
    description: 'Processes that answered the last scrape.',
    unit: 'none',
    width: 3,
    steps: [
      [0, 'red'],
      [1, 'green'],
    ],
    queries: [{ expr: `sum(${of('up')})`, legend: 'answering' }],
    alert: 'XdrPulseDown',
  }),
  state(3),
  lag(3),
  freshness(3),
  snapshotAge(3),
  rejected(3),
  durableAge(3),
]

const input: Placed[] = [
  timeseries({
    title: 'Rows by outcome',
    description: 'Rows read per second: applied, rejected, duplicate or excluded.',
    unit: 'recps',
    width: 12,
    stacked: true,
    queries: [{ expr: sumBy('outcome', rate('records_total')), legend: '{{outcome}}' }],
  }),
  timeseries({
    title: 'Lag in records',
    description: 'Records in Kafka that are not applied yet, by process.',
    unit: 'short',
    width: 6,
    min: 0,
    queries: [{ expr: sumBy('instance', of('consumer_lag_records')), legend: '{{instance}}' }],
  }),
  timeseries({
    title: 'Lag in time',
    description: 'Age of the last applied record, of the worst partition; 0 without lag.',
    unit: 's',
    width: 6,
    min: 0,
    queries: [{ expr: maxBy('instance', of('consumer_lag_seconds')), legend: '{{instance}}' }],
    alert: 'XdrPulseFreshnessLow',
  }),
]

const output: Placed[] = [
  timeseries({
    title: 'Until durable',
    description: "Time from Kafka's timestamp of a batch of messages until it is durable.",
    unit: 's',
    width: 8,
    min: 0,
    queries: [
      { expr: quantile(0.5, 'record_visible_latency_seconds'), legend: 'p50' },
      { expr: quantile(0.95, 'record_visible_latency_seconds'), legend: 'p95' },
      { expr: quantile(0.99, 'record_visible_latency_seconds'), legend: 'p99' },
    ],
  }),
  timeseries({
    title: 'Snapshots',
    description: 'Snapshots per second: successful, failed, or skipped during another one.',
    unit: 'ops',
    width: 8,
    queries: [{ expr: sumBy('outcome', rate('snapshot_runs_total')), legend: '{{outcome}}' }],
    alert: 'XdrPulseSnapshotFailing',
  }),
  timeseries({
    title: 'Subscribers',
    description: 'Subscribers in the store, and in the last snapshot.',
    unit: 'short',
    width: 8,
    min: 0,
    queries: [
      { expr: `sum(${of('store_subscribers')})`, legend: 'in the store' },
      { expr: `sum(${of('snapshot_subscribers')})`, legend: 'in the snapshot' },
    ],
  }),
]

const processes: Placed[] = [
  stateTimeline({
    title: 'States',
    description: 'States of each process over time.',
    unit: 'none',
    width: 14,
    texts: STATES,
    queries: [{ expr: stateNumber('instance'), legend: '{{instance}}' }],
  }),
  table({
    title: 'Versions',
    description: 'Versions by process.',
    unit: 'none',
    width: 10,
    columns: {
      instance: 'process',
      version: 'version',
      revision: 'revision',
      node_version: 'Node.js',
      Value: 'processes',
    },
    queries: [
      {
        expr: maxBy('instance, version, revision, node_version', of('build_info')),
        legend: '{{instance}} {{version}} {{revision}} {{node_version}}',
      },
    ],
    alert: 'XdrPulseVersionMixed',
  }),
]

/** The dashboard of all processes. */
export const overview: DashboardSource = {
  name: 'overview',
  title: 'xdr-pulse: overview',
  question: 'Are the processes healthy, and how fast are they?',
  ofOneProcess: false,
  rows: [
    { title: 'Health', height: 4, panels: health },
    { title: 'Input', height: 8, panels: input },
    { title: 'Output', height: 8, panels: output },
    { title: 'Processes', height: 6, panels: processes },
  ],
}
