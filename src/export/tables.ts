// What `report --export` writes: each file as a table with columns of a kind, and its rows.
import { APPLICATIONS } from '../record/columns.ts'
import { METRICS, type Snapshot } from '../snapshot/schema.ts'
import { FIELD } from '../subscriber/aggregate.ts'

/** whole: a 64-bit integer; time: from milliseconds since 1970. */
export type Kind = 'whole' | 'number' | 'text' | 'time'
export type Cell = number | string | null

/** One file: its name without extension, its columns, and by which its rows stand in order. */
export interface TableShape {
  name: string
  orderBy?: string
  columns: readonly (readonly [name: string, kind: Kind])[]
}

/** `Social Media` is `social_media`, `durationMs` is `duration_ms`. */
const snake = (name: string): string =>
  name
    .replaceAll(/([a-z])([A-Z])/g, '$1_$2')
    .replaceAll(' ', '_')
    .replace(/^You_Tube/, 'youtube')
    .toLowerCase()

const BY_APPLICATION = APPLICATIONS.flatMap((name) =>
  ['downlink', 'uplink'].map((way) => [`${snake(name)}_${way}_bytes`, 'whole'] as const),
)

const AMOUNTS = ['sessions', 'duration_ms', 'downlink_bytes', 'uplink_bytes'] as const
const whole = (name: string): readonly [string, Kind] => [name, 'whole']

/** Every subscriber with all that is known of it, and its segment. */
export const SUBSCRIBERS: TableShape = {
  name: 'subscribers',
  orderBy: 'msisdn',
  columns: [
    ...['msisdn', 'records', ...AMOUNTS, 'traffic_bytes'].map(whole),
    ['segment', 'text'],
    ...BY_APPLICATION,
    ['first_start', 'time'],
    ['last_end', 'time'],
  ],
}

/** The row of `subscribers` of the aggregate that starts at `offset`. */
export function subscriberCells(
  rows: Float64Array,
  offset: number,
  segment: string | null,
): Cell[] {
  const cells: Cell[] = []
  for (let field: number = FIELD.msisdn; field < FIELD.applications; field++) {
    cells.push(rows[offset + field])
  }
  cells.push(rows[offset + FIELD.downlinkBytes] + rows[offset + FIELD.uplinkBytes], segment)
  for (let field: number = FIELD.applications; field < FIELD.firstStartMs; field++) {
    cells.push(rows[offset + field])
  }
  cells.push(rows[offset + FIELD.firstStartMs] || null, rows[offset + FIELD.lastEndMs] || null)
  return cells
}

/** A small table with its rows at hand. */
export interface FullTable extends TableShape {
  rows: Cell[][]
}

/** All files but `subscribers`. */
export const snapshotTables = (snapshot: Snapshot): FullTable[] => [
  topTable(snapshot),
  applicationsTable(snapshot),
  segmentsTable(snapshot),
  hoursTable(snapshot),
]

/** Top lists one below the other: `of` is a metric, or an application's name. */
function topTable({ top, applications }: Snapshot): FullTable {
  const lists = [
    ...METRICS.map((metric) => ({ kind: 'metric', of: snake(metric), list: top[metric] })),
    ...applications.map(({ name, top: list }) => ({ kind: 'application', of: name, list })),
  ]
  return {
    name: 'top',
    columns: [['kind', 'text'], ['of', 'text'], ...['rank', 'msisdn', 'value'].map(whole)],
    rows: lists.flatMap(({ kind, of, list }) =>
      list.map(({ msisdn, value }, at) => [kind, of, at + 1, msisdn, value]),
    ),
  }
}

const applicationsTable = ({ applications }: Snapshot): FullTable => ({
  name: 'applications',
  columns: [
    ['application', 'text'],
    ...['downlink_bytes', 'uplink_bytes', 'traffic_bytes'].map(whole),
    ['share', 'number'],
    ['subscribers', 'whole'],
  ],
  rows: applications.map((each) => [
    each.name,
    each.downlinkBytes,
    each.uplinkBytes,
    each.trafficBytes,
    each.share,
    each.subscribers,
  ]),
})

function segmentsTable({ segments: { features, segments } }: Snapshot): FullTable {
  return {
    name: 'segments',
    columns: [
      ['segment', 'text'],
      ['subscribers', 'whole'],
      ['share', 'number'],
      ...features.map((feature) => [`centroid_${snake(feature)}`, 'number'] as const),
      ...features.map((feature) => [`centroid_${snake(feature)}_scaled`, 'number'] as const),
      ...METRICS.map(snake).flatMap((metric) => [
        [`${metric}_min`, 'whole'] as const,
        [`${metric}_mean`, 'number'] as const,
        [`${metric}_max`, 'whole'] as const,
        [`${metric}_total`, 'whole'] as const,
      ]),
    ],
    rows: segments.map(({ name, subscribers, share, centroid, centroidScaled, metrics }) => [
      name,
      subscribers,
      share,
      ...features.map((feature) => centroid[feature]),
      ...features.map((feature) => centroidScaled[feature]),
      ...METRICS.flatMap((metric) => {
        const { min, mean, max, total } = metrics[metric]
        return [min, mean, max, total]
      }),
    ]),
  }
}

/** `hour` is its start, empty for records without a readable Start. */
const hoursTable = ({ hours }: Snapshot): FullTable => ({
  name: 'hours',
  columns: [['hour', 'time'], whole('records'), ...AMOUNTS.map(whole), ...BY_APPLICATION],
  rows: hours.map((each) => [
    each.startMs,
    each.records,
    each.sessions,
    each.durationMs,
    each.downlinkBytes,
    each.uplinkBytes,
    ...each.applications.flatMap(({ downlinkBytes, uplinkBytes }) => [downlinkBytes, uplinkBytes]),
  ]),
})
