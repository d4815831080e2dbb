// Dashboard: the progress of a replay of files.
import type { DashboardSource } from './dashboard.ts'
import { rejected, state } from './health.ts'
import { stat, timeseries } from './kinds.ts'
import type { Placed } from './panel.ts'
import { coercedByColumn, rejectedByReason } from './quality.ts'
import { of, orZero, rate, sumBy } from './query.ts'

const progress = of('replay_progress_ratio')

const health: Placed[] = [
  state(4),
  stat({
    title: 'Progress',
    description: 'Share of the rows of all files that is read; of several replays the least.',
    unit: 'percentunit',
    width: 5,
    decimals: 1,
    queries: [{ expr: orZero(`min(${progress} > 0)`), legend: 'progress' }],
  }),
  stat({
    title: 'Time to the end',
    description:
      'Remaining time at the current rate; 0 when the replay is complete or does not progress.',
    unit: 'dtdurations',
    width: 5,
    queries: [
      {
        expr:
          `max((1 - ${progress}) / (deriv(${progress}[$__rate_interval]) > 0))` +
          ` or 0 * max(${progress})`,
        legend: 'left',
      },
    ],
  }),
  stat({
    title: 'Rows per second',
    description: 'Rows read per second.',
    unit: 'recps',
    width: 5,
    queries: [{ expr: `sum(${rate('replay_rows_total')})`, legend: 'rows' }],
  }),
  rejected(5),
]

const rows: Placed[] = [
  timeseries({
    title: 'Rows by outcome',
    description: 'Rows read per second: applied, rejected, duplicate or excluded.',
    unit: 'recps',
    width: 12,
    stacked: true,
    queries: [{ expr: sumBy('outcome', rate('replay_rows_total')), legend: '{{outcome}}' }],
  }),
  timeseries({
    title: 'Progress by process',
    description: 'Share of the rows of all files that is read.',
    unit: 'percentunit',
    width: 6,
    min: 0,
    max: 1,
    queries: [{ expr: `max by (instance) (${progress})`, legend: '{{instance}}' }],
  }),
  timeseries({
    title: 'Bytes read',
    description: 'Bytes of the files read per second, by share of their rows.',
    unit: 'Bps',
    width: 6,
    queries: [
      {
        expr: sumBy('source', rate('consumed_bytes_total', 'source="parquet"')),
        legend: '{{source}}',
      },
    ],
  }),
]

/** The dashboard of a replay. */
export const replay: DashboardSource = {
  name: 'replay',
  title: 'xdr-pulse: replay',
  question: 'How far is the replay, and when will it be done?',
  ofOneProcess: false,
  rows: [
    { title: 'Health', height: 4, panels: health },
    { title: 'Rows', height: 8, panels: rows },
    { title: 'Quality', height: 8, panels: [rejectedByReason(12), coercedByColumn(12)] },
  ],
}
