// The columns of an XDR file, the names they are known by, and which of them are summed.

/**
 * The applications, in the order of columns, aggregates and reports: the name that is shown, the
 * name in a file's columns, and the name in schemas and exported tables.
 */
export const APPLICATION_TABLE = [
  { name: 'Social Media', column: 'Social Media', id: 'social_media' },
  { name: 'Google', column: 'Google', id: 'google' },
  { name: 'Email', column: 'Email', id: 'email' },
  { name: 'YouTube', column: 'Youtube', id: 'youtube' },
  { name: 'Netflix', column: 'Netflix', id: 'netflix' },
  { name: 'Gaming', column: 'Gaming', id: 'gaming' },
  { name: 'Other', column: 'Other', id: 'other' },
] as const

/** The name of an application as it is shown. */
export type Application = (typeof APPLICATION_TABLE)[number]['name']

/** The names of all applications, in the order of the table. */
export const APPLICATIONS: readonly Application[] = APPLICATION_TABLE.map(({ name }) => name)

/** The summed columns that belong to no application: the key in code and JSON, and the column. */
export const TOTALS = [
  { key: 'durationMs', column: 'Dur. (ms)' },
  { key: 'downlinkBytes', column: 'Total DL (Bytes)' },
  { key: 'uplinkBytes', column: 'Total UL (Bytes)' },
] as const

/** The key of a total. */
export type Total = (typeof TOTALS)[number]['key']

/**
 * The summed numbers of an application, in order; `way` is the direction in a file's columns, `label`
 * the one in metrics.
 */
export const DIRECTIONS = [
  { key: 'downlinkBytes', way: 'DL', label: 'download' },
  { key: 'uplinkBytes', way: 'UL', label: 'upload' },
] as const

/** The key of a direction. */
export type Direction = (typeof DIRECTIONS)[number]['key']

/** A summed column: the name of its sum, unique among all, and the column in a file. */
export interface Amount {
  name: string
  column: string
}

/** All summed columns: totals, then each application's, in the order of batch, aggregate and hour. */
export const AMOUNTS: readonly Amount[] = [
  ...TOTALS.map(({ key, column }) => ({ name: key, column })),
  ...APPLICATION_TABLE.flatMap(({ name, column }) =>
    DIRECTIONS.map(({ key, way }) => ({
      name: `${name} ${key}`,
      column: `${column} ${way} (Bytes)`,
    })),
  ),
]

/** Places in AMOUNTS: of each total, and of the first amount of the first application. */
export const AMOUNT = {
  ...(Object.fromEntries(TOTALS.map(({ key }, place) => [key, place])) as Record<Total, number>),
  applications: TOTALS.length,
}

/** The columns that are used, in the order in which a source delivers them. */
export const USED_COLUMNS: readonly string[] = [
  'MSISDN/Number',
  'Bearer Id',
  'Start',
  'Start ms',
  'End',
  'End ms',
  ...AMOUNTS.map(({ column }) => column),
]

const placeOf = (column: string): number => USED_COLUMNS.indexOf(column)

/** Places in USED_COLUMNS; the amounts follow from `amounts` on, in the order of AMOUNTS. */
export const PLACE = {
  msisdn: placeOf('MSISDN/Number'),
  bearer: placeOf('Bearer Id'),
  start: placeOf('Start'),
  startMs: placeOf('Start ms'),
  end: placeOf('End'),
  endMs: placeOf('End ms'),
  duration: placeOf('Dur. (ms)'),
  amounts: placeOf(AMOUNTS[0].column),
}

/** Columns that refine others: nothing is lost without them. */
export const OPTIONAL_COLUMNS: ReadonlySet<string> = new Set(['Start ms', 'End ms'])

/** One column of an XDR file. */
export interface FileColumn {
  /** The canonical name. */
  name: string
  type: 'number' | 'text' | 'time'
  /** The name in the Avro schema. */
  field: string
  /** Other names by which it is known, `field` among them. */
  aliases: readonly string[]
}

const number = (name: string, field: string, ...aliases: string[]): FileColumn => ({
  name,
  type: 'number',
  field,
  aliases: [field, ...aliases],
})
const other = (type: 'text' | 'time', name: string, field: string, ...aliases: string[]) => ({
  ...number(name, field, ...aliases),
  type,
})

/** All columns in file order (1 to 55). */
export const FILE_COLUMNS: readonly FileColumn[] = [
  number('Bearer Id', 'bearer_id', 'BearerId', 'xDR session'),
  other('time', 'Start', 'start', 'start_time'),
  number('Start ms', 'start_ms_part'),
  other('time', 'End', 'end', 'end_time'),
  number('End ms', 'end_ms_part'),
  number('Dur. (ms)', 'dur_ms', 'Dur (ms)', 'Duration (ms)', 'duration'),
  number('IMSI', 'imsi'),
  number('MSISDN/Number', 'msisdn_number', 'MSISDN', 'MSISDN Number', 'Customer'),
  number('IMEI', 'imei'),
  other('text', 'Last Location Name', 'last_location_name'),
  number('Avg RTT DL (ms)', 'avg_rtt_dl_ms'),
  number('Avg RTT UL (ms)', 'avg_rtt_ul_ms'),
  number('Avg Bearer TP DL (kbps)', 'avg_bearer_tp_dl_kbps'),
  number('Avg Bearer TP UL (kbps)', 'avg_bearer_tp_ul_kbps'),
  number('TCP DL Retrans. Vol (Bytes)', 'tcp_dl_retrans_vol_bytes'),
  number('TCP UL Retrans. Vol (Bytes)', 'tcp_ul_retrans_vol_bytes'),
  number('DL TP < 50 Kbps (%)', 'dl_tp_below_50_kbps_pct'),
  number('50 Kbps < DL TP < 250 Kbps (%)', 'dl_tp_50_to_250_kbps_pct'),
  number('250 Kbps < DL TP < 1 Mbps (%)', 'dl_tp_250_kbps_to_1_mbps_pct'),
  number('DL TP > 1 Mbps (%)', 'dl_tp_above_1_mbps_pct'),
  number('UL TP < 10 Kbps (%)', 'ul_tp_below_10_kbps_pct'),
  number('10 Kbps < UL TP < 50 Kbps (%)', 'ul_tp_10_to_50_kbps_pct'),
  number('50 Kbps < UL TP < 300 Kbps (%)', 'ul_tp_50_to_300_kbps_pct'),
  number('UL TP > 300 Kbps (%)', 'ul_tp_above_300_kbps_pct'),
  number('HTTP DL (Bytes)', 'http_dl_bytes'),
  number('HTTP UL (Bytes)', 'http_ul_bytes'),
  number('Activity Duration DL (ms)', 'activity_duration_dl_ms'),
  number('Activity Duration UL (ms)', 'activity_duration_ul_ms'),
  number('Dur. (ms).1', 'dur_ms_1', 'Dur. (ms)_1', 'Dur. (ms):1'),
  other('text', 'Handset Manufacturer', 'handset_manufacturer'),
  other('text', 'Handset Type', 'handset_type'),
  number('Nb of sec with 125000B < Vol DL', 'sec_dl_above_125000_bytes'),
  number('Nb of sec with 1250B < Vol UL < 6250B', 'sec_ul_1250_to_6250_bytes'),
  number('Nb of sec with 31250B < Vol DL < 125000B', 'sec_dl_31250_to_125000_bytes'),
  number('Nb of sec with 37500B < Vol UL', 'sec_ul_above_37500_bytes'),
  number('Nb of sec with 6250B < Vol DL < 31250B', 'sec_dl_6250_to_31250_bytes'),
  number('Nb of sec with 6250B < Vol UL < 37500B', 'sec_ul_6250_to_37500_bytes'),
  number('Nb of sec with Vol DL < 6250B', 'sec_dl_below_6250_bytes'),
  number('Nb of sec with Vol UL < 1250B', 'sec_ul_below_1250_bytes'),
  ...APPLICATION_TABLE.flatMap(({ column, id }) =>
    DIRECTIONS.map(({ way }) =>
      number(`${column} ${way} (Bytes)`, `${id}_${way.toLowerCase()}_bytes`),
    ),
  ),
  number('Total UL (Bytes)', 'total_ul_bytes', 'Total UL', 'Total Upload'),
  number('Total DL (Bytes)', 'total_dl_bytes', 'Total DL', 'Total Download'),
]
