// Panels about rows that are not taken as they are: rejected, coerced, dead letters.
import { timeseries } from './kinds.ts'
import type { Placed } from './panel.ts'
import { rate, sumBy } from './query.ts'

/** Why rows are rejected. */
export const rejectedByReason = (width: number): Placed =>
  timeseries({
    title: 'Rejected by reason',
    description: 'Rows rejected a second.',
    unit: 'recps',
    width,
    min: 0,
    queries: [{ expr: sumBy('reason', rate('rejected_records_total')), legend: '{{reason}}' }],
    alert: 'XdrPulseRejectedRatioHigh',
  })

/** Where numbers are not written as numbers. */
export const coercedByColumn = (width: number): Placed =>
  timeseries({
    title: 'Coerced by column',
    description: 'Numbers a second that were rounded, or text that was no number.',
    unit: 'ops',
    width,
    min: 0,
    queries: [{ expr: sumBy('column', rate('coerced_values_total')), legend: '{{column}}' }],
  })

/** What becomes of rejected messages. */
export const deadLetters: readonly Placed[] = [
  timeseries({
    title: 'Dead letters by reason',
    description: 'Rejected records a second that were sent to their topic.',
    unit: 'recps',
    width: 6,
    min: 0,
    queries: [{ expr: sumBy('reason', rate('dead_letter_records_total')), legend: '{{reason}}' }],
  }),
  timeseries({
    title: 'Dead letters not sent',
    description: 'Failed attempts a second to send to the topic of dead letters.',
    unit: 'ops',
    width: 6,
    min: 0,
    queries: [
      { expr: sumBy('instance', rate('dead_letter_failures_total')), legend: '{{instance}}' },
    ],
    alert: 'XdrPulseDeadLetterBlocked',
  }),
]
