// Panels of health, with which several dashboards begin.
import { stat } from './kinds.ts'
import type { Placed } from './panel.ts'
import { of, orZero, rejectedShare, since, stateNumber } from './query.ts'

/** The states of a process, by the numbers of `stateNumber`. */
export const STATES = [
  ['starting', 'blue'],
  ['restoring', 'blue'],
  ['running', 'green'],
  ['draining', 'yellow'],
  ['failed', 'red'],
] as const

/** The state of the processes chosen; of several the worst. */
export const state = (width: number): Placed =>
  stat({
    title: 'State',
    description: 'State of the process; of several processes the worst.',
    unit: 'none',
    width,
    texts: STATES,
    queries: [{ expr: `max(${stateNumber('job, instance')})`, legend: 'state' }],
    alert: 'XdrPulseFailed',
  })

/** Records in Kafka that are not applied. */
export const lag = (width: number): Placed =>
  stat({
    title: 'Lag',
    description: 'Records in Kafka that are not applied yet.',
    unit: 'short',
    width,
    queries: [{ expr: orZero(`sum(${of('consumer_lag_records')})`), legend: 'lag' }],
    alert: 'XdrPulseFallingBehind',
  })

/** Age of the last applied record while there is lag. */
export const freshness = (width: number): Placed =>
  stat({
    title: 'Freshness',
    description: 'Age of the last applied record, of the worst partition; 0 without lag.',
    unit: 's',
    width,
    decimals: 1,
    steps: [
      [0, 'green'],
      [10, 'yellow'],
      [60, 'red'],
    ],
    queries: [{ expr: orZero(`max(${of('consumer_lag_seconds')})`), legend: 'age' }],
    alert: 'XdrPulseFreshnessLow',
  })

/** Age of the last snapshot. */
export const snapshotAge = (width: number): Placed =>
  stat({
    title: 'Snapshot age',
    description: 'Time since the last snapshot; without commits no snapshot is taken.',
    unit: 's',
    width,
    decimals: 1,
    queries: [{ expr: since('snapshot_last_success_timestamp_seconds'), legend: 'age' }],
    alert: 'XdrPulseSnapshotStale',
  })

/** Time since the last commit. */
export const durableAge = (width: number): Placed =>
  stat({
    title: 'Last durable',
    description: 'Time since the last durable commit; it grows while no rows arrive.',
    unit: 's',
    width,
    decimals: 1,
    queries: [{ expr: since('store_last_durable_timestamp_seconds'), legend: 'age' }],
    alert: 'XdrPulseNotDurable',
  })

/** Share of rejected rows. */
export const rejected = (width: number): Placed =>
  stat({
    title: 'Rejected',
    description: 'Share of the recently read rows that were rejected.',
    unit: 'percentunit',
    width,
    decimals: 2,
    steps: [
      [0, 'green'],
      [0.01, 'yellow'],
      [0.1, 'red'],
    ],
    queries: [{ expr: rejectedShare(), legend: 'rejected' }],
    alert: 'XdrPulseRejectedRatioHigh',
  })
