// Dashboard: do disk, memory and CPU suffice?
import type { DashboardSource } from './dashboard.ts'
import { clients } from './clients.ts'
import { state } from './health.ts'
import { heatmap, stat, timeseries } from './kinds.ts'
import type { PanelSource, Placed } from './panel.ts'
import { buckets, growth, maxBy, meanOf, of, quantile, rate, sumBy } from './query.ts'

const health: Placed[] = [
  state(4),
  stat({
    title: 'Free on the volume',
    description: 'Bytes free where the state is; of several processes the least.',
    unit: 'decbytes',
    width: 4,
    decimals: 1,
    steps: [
      [0, 'red'],
      [1e9, 'yellow'],
      [5e9, 'green'],
    ],
    queries: [{ expr: `min(${of('store_volume_free_bytes')})`, legend: 'free' }],
    alert: 'XdrPulseVolumeFilling',
  }),
  stat({
    title: 'Invariants broken',
    description: 'Messages of ingest and snapshots that broke an invariant, in the time shown.',
    unit: 'short',
    width: 4,
    decimals: 0,
    steps: [
      [0, 'green'],
      [0.5, 'red'],
    ],
    queries: [{ expr: growth('store_invariant_violations_total'), legend: 'broken' }],
    alert: 'XdrPulseInvariantViolated',
  }),
  stat({
    title: 'Event loop',
    description: 'How late the main thread is: 99th percentile, of the worst process.',
    unit: 's',
    width: 4,
    steps: [
      [0, 'green'],
      [0.1, 'yellow'],
      [0.25, 'red'],
    ],
    queries: [{ expr: `max(${of('nodejs_eventloop_lag_p99_seconds')})`, legend: 'late' }],
    alert: 'XdrPulseEventLoopSlow',
  }),
  stat({
    title: 'Memory',
    description: 'Resident memory of the processes chosen.',
    unit: 'decbytes',
    width: 4,
    decimals: 1,
    queries: [{ expr: `sum(${of('process_resident_memory_bytes')})`, legend: 'resident' }],
  }),
  stat({
    title: 'Last restore',
    description: 'Time the last start took to load the state.',
    unit: 's',
    width: 4,
    queries: [{ expr: `max(${of('store_restore_seconds')})`, legend: 'restore' }],
  }),
]

/** Curves from 0 on. */
const curves = (source: Omit<PanelSource, 'min'>): Placed => timeseries({ ...source, min: 0 })

const store: Placed[] = [
  curves({
    title: 'Files',
    description: 'Size of the data files, and how much of them is in use.',
    unit: 'decbytes',
    width: 8,
    queries: [
      { expr: `sum(${of('store_file_bytes')})`, legend: 'files' },
      { expr: `sum(${of('store_used_bytes')})`, legend: 'in use' },
    ],
  }),
  curves({
    title: 'Free by process',
    description: 'Bytes free on the volume of each process.',
    unit: 'decbytes',
    width: 8,
    queries: [{ expr: maxBy('instance', of('store_volume_free_bytes')), legend: '{{instance}}' }],
    alert: 'XdrPulseVolumeFilling',
  }),
  curves({
    title: 'Not durable yet',
    description: 'Subscribers changed since the last commit.',
    unit: 'short',
    width: 8,
    queries: [{ expr: sumBy('instance', of('dirty_subscribers')), legend: '{{instance}}' }],
    alert: 'XdrPulseNotDurable',
  }),
  curves({
    title: 'Commit and flush',
    description: 'Time of a commit, and until it is durable.',
    unit: 's',
    width: 6,
    queries: [
      { expr: quantile(0.5, 'store_commit_seconds'), legend: 'commit p50' },
      { expr: quantile(0.99, 'store_commit_seconds'), legend: 'commit p99' },
      { expr: quantile(0.5, 'store_flush_seconds'), legend: 'flush p50' },
      { expr: quantile(0.99, 'store_flush_seconds'), legend: 'flush p99' },
    ],
  }),
  heatmap({
    title: 'Time until durable',
    description: 'From a commit to its being durable.',
    unit: 's',
    width: 6,
    queries: [{ expr: buckets('store_flush_seconds'), legend: '{{le}}' }],
  }),
  curves({
    title: 'Snapshots by phase',
    description: 'Mean time of each phase, and the time wanted between snapshots.',
    unit: 's',
    width: 6,
    queries: [
      { expr: meanOf('snapshot_seconds', 'phase'), legend: '{{phase}}' },
      { expr: `min(${of('snapshot_interval_seconds')})`, legend: 'interval' },
    ],
  }),
  curves({
    title: 'Store errors',
    description: 'Snapshots and look-ups that could not read the store, a second.',
    unit: 'ops',
    width: 6,
    queries: [{ expr: sumBy('operation', rate('store_errors_total')), legend: '{{operation}}' }],
    alert: 'XdrPulseSnapshotFailing',
  }),
]

const machine: Placed[] = [
  curves({
    title: 'CPU',
    description: 'Cores in use.',
    unit: 'none',
    width: 8,
    queries: [
      { expr: sumBy('instance', rate('process_cpu_seconds_total')), legend: '{{instance}}' },
    ],
  }),
  curves({
    title: 'Memory by part',
    description: 'Resident memory, the heap of the main thread, and what lies beside it.',
    unit: 'decbytes',
    width: 8,
    queries: [
      { expr: `sum(${of('process_resident_memory_bytes')})`, legend: 'resident' },
      { expr: `sum(${of('nodejs_heap_size_total_bytes')})`, legend: 'heap' },
      { expr: `sum(${of('nodejs_heap_size_used_bytes')})`, legend: 'heap in use' },
      { expr: `sum(${of('nodejs_external_memory_bytes')})`, legend: 'external' },
    ],
  }),
  curves({
    title: 'Event loop by process',
    description: 'How late the main thread is.',
    unit: 's',
    width: 8,
    queries: [
      {
        expr: maxBy('instance', of('nodejs_eventloop_lag_p50_seconds')),
        legend: '{{instance}} p50',
      },
      {
        expr: maxBy('instance', of('nodejs_eventloop_lag_p99_seconds')),
        legend: '{{instance}} p99',
      },
    ],
    alert: 'XdrPulseEventLoopSlow',
  }),
  curves({
    title: 'Garbage collection',
    description: 'Share of the time of the main thread, by kind.',
    unit: 'percentunit',
    width: 12,
    queries: [{ expr: sumBy('kind', rate('nodejs_gc_duration_seconds_sum')), legend: '{{kind}}' }],
  }),
  curves({
    title: 'Descriptors',
    description: 'Open files and sockets.',
    unit: 'none',
    width: 12,
    queries: [{ expr: maxBy('instance', of('process_open_fds')), legend: '{{instance}}' }],
  }),
]

export const storeProcess: DashboardSource = {
  name: 'store-process',
  title: 'xdr-pulse: store and process',
  question: 'Do disk, memory and CPU suffice?',
  ofOneProcess: false,
  rows: [
    { title: 'Is it well?', height: 4, panels: health },
    { title: 'Store', height: 8, panels: store },
    { title: 'Process', height: 8, panels: machine },
    { title: 'Clients', height: 7, panels: clients },
  ],
}
