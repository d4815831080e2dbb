// Dashboard: members, their checkpoints, and replicas.
import type { DashboardSource } from './dashboard.ts'
import { stat, table, timeseries } from './kinds.ts'
import type { PanelSource, Placed } from './panel.ts'
import { growth, maxBy, of, orZero, rate, sumBy } from './query.ts'

/** Checkpoints are every 10 s by default, and of a quiet partition every 30 s. */
const AGE_STEPS: PanelSource['steps'] = [
  [0, 'green'],
  [120, 'orange'],
  [600, 'red'],
]
const NONE_IS_GOOD: PanelSource['steps'] = [
  [0, 'green'],
  [1, 'red'],
]

const health: Placed[] = [
  stat({
    title: 'Oldest checkpoint',
    description: 'Age of the newest checkpoint of the partition where it is oldest.',
    unit: 's',
    width: 5,
    steps: AGE_STEPS,
    queries: [{ expr: `max(${of('checkpoint_age_seconds')})`, legend: 'age' }],
    alert: 'XdrPulseCheckpointOld',
  }),
  stat({
    title: 'Oldest partition of a replica',
    description: 'Age of the checkpoint that a replica shows, of the partition where it is oldest.',
    unit: 's',
    width: 5,
    steps: AGE_STEPS,
    queries: [{ expr: `max(${of('replica_age_seconds')})`, legend: 'age' }],
    alert: 'XdrPulseReplicaBehind',
  }),
  stat({
    title: 'Failed checkpoints',
    description: 'Checkpoints that failed and were tried again, over the time range.',
    unit: 'none',
    width: 5,
    steps: NONE_IS_GOOD,
    queries: [{ expr: orZero(growth('checkpoint_failures_total')), legend: 'failures' }],
    alert: 'XdrPulseCheckpointOld',
  }),
  stat({
    title: 'Fenced partitions',
    description: 'Partitions that another member took over from one that published them.',
    unit: 'none',
    width: 5,
    queries: [{ expr: orZero(growth('checkpoint_fenced_total')), legend: 'fenced' }],
    alert: 'XdrPulseFenced',
  }),
  stat({
    title: 'Members',
    description: 'Processes with assigned partitions.',
    unit: 'none',
    width: 4,
    queries: [
      {
        expr: orZero(`count(sum by (job, instance) (${of('consumer_assigned_partitions')}) > 0)`),
        legend: 'members',
      },
    ],
  }),
]

const curves = (
  source: Pick<PanelSource, 'title' | 'description' | 'unit' | 'width' | 'alert'>,
  expr: string,
  legend: string,
): Placed => timeseries({ ...source, min: 0, queries: [{ expr, legend }] })

const checkpoints: Placed[] = [
  curves(
    {
      title: 'Age by partition',
      description: 'Time since the newest checkpoint of each partition was published.',
      unit: 's',
      width: 8,
    },
    maxBy('partition', of('checkpoint_age_seconds')),
    '{{partition}}',
  ),
  curves(
    {
      title: 'Subscribers published',
      description: 'Aggregates in checkpoints per second, by member.',
      unit: 'ops',
      width: 8,
    },
    sumBy('instance', rate('checkpoint_subscribers_total')),
    '{{instance}}',
  ),
  curves(
    {
      title: 'Bytes published',
      description: 'Bytes of records in checkpoints per second, by member.',
      unit: 'Bps',
      width: 8,
    },
    sumBy('instance', rate('checkpoint_bytes_total')),
    '{{instance}}',
  ),
  curves(
    {
      title: 'Checkpoints published',
      description: 'Checkpoints per second, by member.',
      unit: 'ops',
      width: 8,
    },
    sumBy('instance', rate('checkpoints_total')),
    '{{instance}}',
  ),
  curves(
    {
      title: 'Assigned partitions by source',
      description: 'Where the state of partitions came from when they were assigned.',
      unit: 'none',
      width: 8,
    },
    sumBy('source', `increase(${of('restores_total')}[$__rate_interval])`),
    '{{source}}',
  ),
  curves(
    {
      title: 'Subscribers restored',
      description: 'Subscribers restored from the changelog per second, by member.',
      unit: 'ops',
      width: 8,
    },
    sumBy('instance', rate('restored_subscribers_total')),
    '{{instance}}',
  ),
]

const replicas: Placed[] = [
  curves(
    {
      title: 'Age by replica',
      description: 'Age of the oldest checkpoint that each replica shows.',
      unit: 's',
      width: 12,
      alert: 'XdrPulseReplicaBehind',
    },
    maxBy('instance', of('replica_age_seconds')),
    '{{instance}}',
  ),
  table({
    title: 'Owners',
    description: 'The member that published the checkpoint which replicas have of each partition.',
    unit: 'none',
    width: 12,
    columns: { Value: 'checkpoint' },
    queries: [
      { expr: maxBy('partition, member', of('replica_checkpoint')), legend: '{{partition}}' },
    ],
  }),
]

/** The dashboard of members and replicas. */
export const scale: DashboardSource = {
  name: 'scale',
  title: 'xdr-pulse: scale',
  question: 'Is the state of all members published, and do replicas show it?',
  ofOneProcess: false,
  rows: [
    { title: 'Health', height: 4, panels: health },
    { title: 'Checkpoints', height: 8, panels: checkpoints },
    { title: 'Replicas', height: 8, panels: replicas },
  ],
}
