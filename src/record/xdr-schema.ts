// The project's own Avro schema of an XDR session: the 55 columns of a file under short names.
import {
  APPLICATION_TABLE,
  DIRECTIONS,
  FILE_COLUMNS,
  USED_COLUMNS,
  type FileColumn,
} from './columns.ts'

/** A type of the schema in Avro's JSON. */
export type XdrType = 'null' | 'long' | 'double' | 'string' | { type: 'long'; logicalType: string }

/** A field of the schema in Avro's JSON. */
export interface XdrField {
  name: string
  doc: string
  type: readonly XdrType[]
  default: null
}

/** A whole number is a long; a value that is spelt otherwise stays text, so that nothing is lost. */
const USED: readonly XdrType[] = ['null', 'long', 'double', 'string']
const UNUSED: readonly XdrType[] = ['null', 'double', 'string']
const TEXT: readonly XdrType[] = ['null', 'string']
const TIME: readonly XdrType[] = [
  ...['null' as const, { type: 'long' as const, logicalType: 'timestamp-millis' }],
  'string',
]

function typeOf({ name, type }: FileColumn): readonly XdrType[] {
  if (type === 'time') return TIME
  // An identifier that a float64 cannot hold.
  if (type === 'text' || name === 'Bearer Id') return TEXT
  return USED_COLUMNS.includes(name) ? USED : UNUSED
}

const share = (direction: string, range: string): string =>
  `Share of the session with ${direction} throughput ${range}, in percent of its time`
const seconds = (direction: string, range: string): string =>
  `Seconds of the session in which ${direction} volume was ${range}`

/** The documentation of each field. */
const DOCS: Readonly<Record<string, string>> = {
  bearer_id: 'Identifier of the data session; a session counts where it is present',
  start: 'Start of the session: an instant, or text as in the file',
  start_ms_part: 'Milliseconds of the start within its second, 0 to 999',
  end: 'End of the session: an instant, or text as in the file',
  end_ms_part: 'Milliseconds of the end within its second, 0 to 999',
  dur_ms: 'Duration of the session in milliseconds; some files have seconds here',
  imsi: 'International mobile subscriber identity',
  msisdn_number: 'Telephone number of the subscriber, at most 15 digits',
  imei: 'International mobile equipment identity',
  last_location_name: 'Cell in which the session ended',
  avg_rtt_dl_ms: 'Mean TCP round trip time to the subscriber, in milliseconds',
  avg_rtt_ul_ms: 'Mean TCP round trip time from the subscriber, in milliseconds',
  avg_bearer_tp_dl_kbps: 'Mean throughput to the subscriber, in kbit/s',
  avg_bearer_tp_ul_kbps: 'Mean throughput from the subscriber, in kbit/s',
  tcp_dl_retrans_vol_bytes: 'TCP volume sent again to the subscriber, in bytes',
  tcp_ul_retrans_vol_bytes: 'TCP volume sent again from the subscriber, in bytes',
  dl_tp_below_50_kbps_pct: share('downlink', 'below 50 kbit/s'),
  dl_tp_50_to_250_kbps_pct: share('downlink', 'of 50 to 250 kbit/s'),
  dl_tp_250_kbps_to_1_mbps_pct: share('downlink', 'of 250 kbit/s to 1 Mbit/s'),
  dl_tp_above_1_mbps_pct: share('downlink', 'above 1 Mbit/s'),
  ul_tp_below_10_kbps_pct: share('uplink', 'below 10 kbit/s'),
  ul_tp_10_to_50_kbps_pct: share('uplink', 'of 10 to 50 kbit/s'),
  ul_tp_50_to_300_kbps_pct: share('uplink', 'of 50 to 300 kbit/s'),
  ul_tp_above_300_kbps_pct: share('uplink', 'above 300 kbit/s'),
  http_dl_bytes: 'HTTP traffic to the subscriber, in bytes',
  http_ul_bytes: 'HTTP traffic from the subscriber, in bytes',
  activity_duration_dl_ms: 'Time with traffic to the subscriber, in milliseconds',
  activity_duration_ul_ms: 'Time with traffic from the subscriber, in milliseconds',
  dur_ms_1: 'Duration of the session in milliseconds, the second such column',
  handset_manufacturer: 'Manufacturer of the handset',
  handset_type: 'Model of the handset',
  sec_dl_above_125000_bytes: seconds('downlink', 'above 125,000 bytes'),
  sec_ul_1250_to_6250_bytes: seconds('uplink', '1,250 to 6,250 bytes'),
  sec_dl_31250_to_125000_bytes: seconds('downlink', '31,250 to 125,000 bytes'),
  sec_ul_above_37500_bytes: seconds('uplink', 'above 37,500 bytes'),
  sec_dl_6250_to_31250_bytes: seconds('downlink', '6,250 to 31,250 bytes'),
  sec_ul_6250_to_37500_bytes: seconds('uplink', '6,250 to 37,500 bytes'),
  sec_dl_below_6250_bytes: seconds('downlink', 'below 6,250 bytes'),
  sec_ul_below_1250_bytes: seconds('uplink', 'below 1,250 bytes'),
  ...Object.fromEntries(
    APPLICATION_TABLE.flatMap(({ name, id }) =>
      DIRECTIONS.map(({ way }) => [
        `${id}_${way.toLowerCase()}_bytes`,
        `${name} traffic ${way === 'DL' ? 'to' : 'from'} the subscriber in this session, in bytes`,
      ]),
    ),
  ),
  total_ul_bytes: 'All traffic from the subscriber in this session, in bytes',
  total_dl_bytes: 'All traffic to the subscriber in this session, in bytes',
}

/** The schema in Avro's JSON; its fields are in the order of FILE_COLUMNS. */
export const XDR_SCHEMA = {
  type: 'record',
  name: 'XdrSession',
  namespace: 'xdrpulse',
  doc: 'One data session of one subscriber, with the columns of an XDR file in their order',
  fields: FILE_COLUMNS.map((column): XdrField => ({
    name: column.field,
    doc: DOCS[column.field],
    type: typeOf(column),
    default: null,
  })),
} as const

/** The field of each file column, by the column's name. */
export const XDR_FIELDS: ReadonlyMap<string, string> = new Map(
  FILE_COLUMNS.map(({ name, field }) => [name, field]),
)
