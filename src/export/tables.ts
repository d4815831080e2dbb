// The tables of `report --export`, one per file: columns with their kinds, and rows.
import { APPLICATION_TABLE, DIRECTIONS, type Direction } from '../record/columns.ts'
import { METRICS, readerOf } from '../snapshot/metrics.ts'
import { hasMetric, hasTraffic } from '../snapshot/not-in-data.ts'
import type { Snapshot } from '../snapshot/schema.ts'
import { FIELD, FIELD_NAMES, SUM_FIELDS } from '../subscriber/aggregate.ts'

/** The kind of a column. whole: a 64-bit integer; time: given in milliseconds since 1970. */
export type Kind = 'whole' | 'number' | 'text' | 'time'
/** A value of a table; null where there is none. */
export type Cell = number | string | null

/** One file: its name without extension, its columns, and the column that orders its rows. */
export interface TableShape {
  name: string
  orderBy?: string
  columns: readonly (readonly [name: string, kind: Kind])[]
}

/** `durationMs` is `duration_ms`. */
const snake = (name: string): string => name.replaceAll(/([a-z])([A-Z])/g, '$1_$2').toLowerCase()

const whole = (name: string): readonly [string, Kind] => [name, 'whole']

const BY_APPLICATION = APPLICATION_TABLE.flatMap(({ id }) =>
  DIRECTIONS.map(({ key }) => whole(`${id}_${snake(key)}`)),
)
const directionsOf = (each: Record<Direction, number>): number[] =>
  DIRECTIONS.map(({ key }) => each[key])

/** Metrics that are not a field of the aggregate, with their readers. */
const COMPUTED = METRICS.filter((metric) => !FIELD_NAMES.includes(metric))
const COMPUTED_READERS = COMPUTED.map(readerOf)

/** Every subscriber with all numbers of its aggregate, all metrics and its segment. */
export const SUBSCRIBERS: TableShape = {
  name: 'subscribers',
  orderBy: 'msisdn',
  columns: [
    ...['msisdn', ...SUM_FIELDS, ...COMPUTED].map(snake).map(whole),
    ['segment', 'text'],
    ...BY_APPLICATION,
    ['first_start', 'time'],
    ['last_end', 'time'],
  ],
}

/** The places of columns whose numbers are not in the data: their cells are null in all rows. */
export function absentPlaces(snapshot: Snapshot, { columns }: TableShape): number[] {
  const metrics = METRICS.filter((metric) => !hasMetric(snapshot, metric)).map(snake)
  const traffic = APPLICATION_TABLE.flatMap(({ name, id }) =>
    DIRECTIONS.filter(({ key }) => !hasTraffic(snapshot, name, key)).map(
      ({ key }) => `${id}_${snake(key)}`,
    ),
  )
  const isAbsent = (column: string): boolean =>
    traffic.includes(column) ||
    metrics.some((metric) => column === metric || column.startsWith(`${metric}_`))
  return columns.flatMap(([column], place) => (isAbsent(column) ? [place] : []))
}

/** Makes cells null, in place. */
export function clear(cells: Cell[], places: readonly number[]): Cell[] {
  for (const place of places) cells[place] = null
  return cells
}

/** The row of `subscribers` for the aggregate that starts at `offset`. */
export function subscriberCells(
  rows: Float64Array,
  offset: number,
  segment: string | null,
): Cell[] {
  const cells: Cell[] = [rows[offset + FIELD.msisdn]]
  for (const field of SUM_FIELDS) cells.push(rows[offset + FIELD[field]])
  for (const read of COMPUTED_READERS) cells.push(read(rows, offset))
  cells.push(segment)
  for (let field = FIELD.applications; field < FIELD.firstStartMs; field++) {
    cells.push(rows[offset + field])
  }
  cells.push(rows[offset + FIELD.firstStartMs] || null, rows[offset + FIELD.lastEndMs] || null)
  return cells
}

/** A table with its rows. */
export interface FullTable extends TableShape {
  rows: Cell[][]
}

/** All tables except `subscribers`. */
export const snapshotTables = (snapshot: Snapshot): FullTable[] =>
  [
    topTable(snapshot),
    applicationsTable(snapshot),
    segmentsTable(snapshot),
    hoursTable(snapshot),
  ].map((table) => {
    const absent = absentPlaces(snapshot, table)
    return { ...table, rows: table.rows.map((cells) => clear(cells, absent)) }
  })

/** All top lists; `of` is a metric or the name of an application. */
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

const applicationsTable = (snapshot: Snapshot): FullTable => ({
  name: 'applications',
  columns: [
    ['application', 'text'],
    ...DIRECTIONS.map(({ key }) => whole(snake(key))),
    whole('traffic_bytes'),
    ['share', 'number'],
    ['subscribers', 'whole'],
  ],
  rows: snapshot.applications.map((each) => [
    each.name,
    ...DIRECTIONS.map(({ key }) => (hasTraffic(snapshot, each.name, key) ? each[key] : null)),
    ...[each.trafficBytes, each.share, each.subscribers].map((value) =>
      hasTraffic(snapshot, each.name) ? value : null,
    ),
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

/** `hour` is the start of the hour, empty for records without a readable Start. */
const hoursTable = ({ hours }: Snapshot): FullTable => ({
  name: 'hours',
  columns: [['hour', 'time'], ...SUM_FIELDS.map(snake).map(whole), ...BY_APPLICATION],
  rows: hours.map((each) => [
    each.startMs,
    ...SUM_FIELDS.map((field) => each[field]),
    ...each.applications.flatMap(directionsOf),
  ]),
})
