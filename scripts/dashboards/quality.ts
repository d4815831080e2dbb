// Panels of data quality: rejected rows, coerced values, dead letters.
import { timeseries } from './kinds.ts'
import type { Placed } from './panel.ts'
import { of, rate, sumBy } from './query.ts'

/** Rejected rows by reason. */
export const rejectedByReason = (width: number): Placed =>
  timeseries({
    title: 'Rejected by reason',
    description: 'Rows rejected per second.',
    unit: 'recps',
    width,
    min: 0,
    queries: [{ expr: sumBy('reason', rate('rejected_records_total')), legend: '{{reason}}' }],
    alert: 'XdrPulseRejectedRatioHigh',
  })

/** Coerced values by column. */
export const coercedByColumn = (width: number): Placed =>
  timeseries({
    title: 'Coerced by column',
    description: 'Values per second that were rounded or unreadable.',
    unit: 'ops',
    width,
    min: 0,
    queries: [{ expr: sumBy('column', rate('coerced_values_total')), legend: '{{column}}' }],
  })

/** Dead letters sent and failed. */
export const deadLetters: readonly Placed[] = [
  timeseries({
    title: 'Dead letters by reason',
    description: 'Rejected records sent to the dead-letter topic per second.',
    unit: 'recps',
    width: 6,
    min: 0,
    queries: [{ expr: sumBy('reason', rate('dead_letter_records_total')), legend: '{{reason}}' }],
  }),
  timeseries({
    title: 'Dead-letter failures',
    description: 'Failed attempts per second to send to the dead-letter topic.',
    unit: 'ops',
    width: 6,
    min: 0,
    queries: [
      { expr: sumBy('instance', rate('dead_letter_failures_total')), legend: '{{instance}}' },
    ],
    alert: 'XdrPulseDeadLetterBlocked',
  }),
]

/** Subscribers in several partitions. */
export const splitSubscribers = timeseries({
  title: 'Subscribers in several partitions',
  description: 'Subscribers that are in more than one partition, and are summed.',
  unit: 'short',
  width: 12,
  min: 0,
  queries: [{ expr: sumBy('instance', of('snapshot_split_subscribers')), legend: '{{instance}}' }],
  alert: 'XdrPulseSplitSubscribers',
})

/** Messages that --record-type does not name. */
export const otherTypes = timeseries({
  title: 'Records of other types',
  description: 'Messages per second of record types that --record-type does not name.',
  unit: 'recps',
  width: 12,
  min: 0,
  queries: [
    { expr: sumBy('instance', rate('consumer_other_type_records_total')), legend: '{{instance}}' },
  ],
})
