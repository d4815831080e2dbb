// Dashboard: disk, memory, CPU and clients.
import type { DashboardSource } from './dashboard.ts'
import { clients } from './clients.ts'
import { state } from './health.ts'
import { heatmap, stat, timeseries } from './kinds.ts'
import type { PanelSource, Placed } from './panel.ts'
import { buckets, growth, maxBy, meanOf, of, quantile, rate, sumBy } from './query.ts'

const health: Placed[] = [
  state(4),
  stat({
    title: 'Free space',
    description: 'Free bytes on the volume of the state; of several processes the least.',
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
    title: 'Violated invariants',
    description: 'Progress messages and snapshots that violated an invariant, over the time range.',
    unit: 'short',
    width: 4,
    decimals: 0,
    steps: [
      [0, 'green'],
      [0.5, 'red'],
    ],
    queries: [{ expr: growth('store_invariant_violations_total'), legend: 'violations' }],
    alert: 'XdrPulseInvariantViolated',
  }),
  stat({
    title: 'Event loop',
    description: 'Lag of the event loop of the main thread: 99th percentile, of the worst process.',
    unit: 's',
    width: 4,
    steps: [
      [0, 'green'],
      [0.1, 'yellow'],
      [0.25, 'red'],
    ],
    queries: [{ expr: `max(${of('nodejs_eventloop_lag_p99_seconds')})`, legend: 'lag' }],
    alert: 'XdrPulseEventLoopSlow',
  }),
  stat({
    title: 'Memory',
    description: 'Resident memory of the selected processes.',
    unit: 'decbytes',
    width: 4,
    decimals: 1,
    queries: [{ expr: `sum(${of('process_resident_memory_bytes')})`, legend: 'resident' }],
  }),
  stat({
    title: 'Last restore',
    description: 'Time that the last start took to load the state.',
    unit: 's',
    width: 4,
    queries: [{ expr: `max(${of('store_restore_seconds')})`, legend: 'restore' }],
  }),
]

/** Curves from 0. */
const curves = (source: Omit<PanelSource, 'min'>): Placed => timeseries({ ...source, min: 0 })

const store: Placed[] = [
  curves({
    title: 'Files',
    description: 'Size of the data files, and bytes of them in use.',
    unit: 'decbytes',
    width: 8,
    queries: [
      { expr: `sum(${of('store_file_bytes')})`, legend: 'files' },
      { expr: `sum(${of('store_used_bytes')})`, legend: 'in use' },
    ],
  }),
  curves({
    title: 'Free space by process',
    description: 'Free bytes on the volume of each process.',
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
    description: 'Time of a commit, and of its flush.',
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
    title: 'Time of a flush',
    description: 'Time to flush a commit to the disk.',
    unit: 's',
    width: 6,
    queries: [{ expr: buckets('store_flush_seconds'), legend: '{{le}}' }],
  }),
  curves({
    title: 'Snapshots by phase',
    description: 'Mean time of each phase, and the configured time between snapshots.',
    unit: 's',
    width: 6,
    queries: [
      { expr: meanOf('snapshot_seconds', 'phase'), legend: '{{phase}}' },
      { expr: `min(${of('snapshot_interval_seconds')})`, legend: 'interval' },
    ],
  }),
  curves({
    title: 'Store errors',
    description: 'Snapshots and look-ups per second that failed to read the store.',
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
    description: 'Resident memory, and the heap and external memory of the main thread.',
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
    description: 'Lag of the event loop of the main thread.',
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

/** The dashboard of store, process and clients. */
export const storeProcess: DashboardSource = {
  name: 'store-process',
  title: 'xdr-pulse: store and process',
  question: 'Do disk, memory and CPU suffice?',
  ofOneProcess: false,
  rows: [
    { title: 'Health', height: 4, panels: health },
    { title: 'Store', height: 8, panels: store },
    { title: 'Process', height: 8, panels: machine },
    { title: 'Clients', height: 7, panels: clients },
  ],
}
