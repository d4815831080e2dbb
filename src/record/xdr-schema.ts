// The project's own Avro schema of an XDR session: the 55 columns of a file under short names.
import { FILE_COLUMNS } from './columns.ts'

/** A type of the schema as Avro's JSON says it. */
export type XdrType = 'null' | 'long' | 'double' | 'string' | { type: 'long'; logicalType: string }

export interface XdrField {
  name: string
  doc: string
  type: readonly XdrType[]
  default: null
}

/** Whole numbers as such, what a file spells otherwise as it does: nothing is lost on the way. */
const USED: readonly XdrType[] = ['null', 'long', 'double', 'string']
const UNUSED: readonly XdrType[] = ['null', 'double', 'string']
const TEXT: readonly XdrType[] = ['null', 'string']
const TIME: readonly XdrType[] = [
  ...['null' as const, { type: 'long' as const, logicalType: 'timestamp-millis' }],
  'string',
]

const share = (direction: string, range: string): string =>
  `Share of the session with ${direction} throughput ${range}, in percent of its time`
const seconds = (direction: string, range: string): string =>
  `Seconds of the session in which ${direction} volume was ${range}`
const application = (name: string, short: string): Row[] => [
  [`${short}_dl_bytes`, `${name} traffic to the subscriber in this session, in bytes`, USED],
  [`${short}_ul_bytes`, `${name} traffic from the subscriber in this session, in bytes`, USED],
]

type Row = readonly [name: string, doc: string, type: readonly XdrType[]]

/** In the order of FILE_COLUMNS. */
const ROWS: readonly Row[] = [
  ['bearer_id', 'Identifier of the data session; a session counts where it is present', TEXT],
  ['start', 'Start of the session: an instant, or text as in the file', TIME],
  ['start_ms_part', 'Milliseconds of the start within its second, 0 to 999', USED],
  ['end', 'End of the session: an instant, or text as in the file', TIME],
  ['end_ms_part', 'Milliseconds of the end within its second, 0 to 999', USED],
  ['dur_ms', 'Duration of the session in milliseconds; some files have seconds here', USED],
  ['imsi', 'International mobile subscriber identity', UNUSED],
  ['msisdn_number', 'Telephone number of the subscriber, at most 15 digits', USED],
  ['imei', 'International mobile equipment identity', UNUSED],
  ['last_location_name', 'Cell in which the session ended', TEXT],
  ['avg_rtt_dl_ms', 'Mean TCP round trip time to the subscriber, in milliseconds', UNUSED],
  ['avg_rtt_ul_ms', 'Mean TCP round trip time from the subscriber, in milliseconds', UNUSED],
  ['avg_bearer_tp_dl_kbps', 'Mean throughput to the subscriber, in kbit/s', UNUSED],
  ['avg_bearer_tp_ul_kbps', 'Mean throughput from the subscriber, in kbit/s', UNUSED],
  ['tcp_dl_retrans_vol_bytes', 'TCP volume sent again to the subscriber, in bytes', UNUSED],
  ['tcp_ul_retrans_vol_bytes', 'TCP volume sent again from the subscriber, in bytes', UNUSED],
  ['dl_tp_below_50_kbps_pct', share('downlink', 'below 50 kbit/s'), UNUSED],
  ['dl_tp_50_to_250_kbps_pct', share('downlink', 'of 50 to 250 kbit/s'), UNUSED],
  ['dl_tp_250_kbps_to_1_mbps_pct', share('downlink', 'of 250 kbit/s to 1 Mbit/s'), UNUSED],
  ['dl_tp_above_1_mbps_pct', share('downlink', 'above 1 Mbit/s'), UNUSED],
  ['ul_tp_below_10_kbps_pct', share('uplink', 'below 10 kbit/s'), UNUSED],
  ['ul_tp_10_to_50_kbps_pct', share('uplink', 'of 10 to 50 kbit/s'), UNUSED],
  ['ul_tp_50_to_300_kbps_pct', share('uplink', 'of 50 to 300 kbit/s'), UNUSED],
  ['ul_tp_above_300_kbps_pct', share('uplink', 'above 300 kbit/s'), UNUSED],
  ['http_dl_bytes', 'HTTP traffic to the subscriber, in bytes', UNUSED],
  ['http_ul_bytes', 'HTTP traffic from the subscriber, in bytes', UNUSED],
  ['activity_duration_dl_ms', 'Time with traffic to the subscriber, in milliseconds', UNUSED],
  ['activity_duration_ul_ms', 'Time with traffic from the subscriber, in milliseconds', UNUSED],
  ['dur_ms_1', 'Duration of the session in milliseconds, the second such column', UNUSED],
  ['handset_manufacturer', 'Manufacturer of the handset', TEXT],
  ['handset_type', 'Model of the handset', TEXT],
  ['sec_dl_above_125000_bytes', seconds('downlink', 'above 125,000 bytes'), UNUSED],
  ['sec_ul_1250_to_6250_bytes', seconds('uplink', '1,250 to 6,250 bytes'), UNUSED],
  ['sec_dl_31250_to_125000_bytes', seconds('downlink', '31,250 to 125,000 bytes'), UNUSED],
  ['sec_ul_above_37500_bytes', seconds('uplink', 'above 37,500 bytes'), UNUSED],
  ['sec_dl_6250_to_31250_bytes', seconds('downlink', '6,250 to 31,250 bytes'), UNUSED],
  ['sec_ul_6250_to_37500_bytes', seconds('uplink', '6,250 to 37,500 bytes'), UNUSED],
  ['sec_dl_below_6250_bytes', seconds('downlink', 'below 6,250 bytes'), UNUSED],
  ['sec_ul_below_1250_bytes', seconds('uplink', 'below 1,250 bytes'), UNUSED],
  ...application('Social media', 'social_media'),
  ...application('Google', 'google'),
  ...application('Email', 'email'),
  ...application('YouTube', 'youtube'),
  ...application('Netflix', 'netflix'),
  ...application('Gaming', 'gaming'),
  ...application('Other', 'other'),
  ['total_ul_bytes', 'All traffic from the subscriber in this session, in bytes', USED],
  ['total_dl_bytes', 'All traffic to the subscriber in this session, in bytes', USED],
]

/** The schema, as JSON has it. */
export const XDR_SCHEMA = {
  type: 'record',
  name: 'XdrSession',
  namespace: 'xdrpulse',
  doc: 'One data session of one subscriber, with the columns of an XDR file in their order',
  fields: ROWS.map(([name, doc, type]): XdrField => ({ name, doc, type, default: null })),
} as const

/** Field of each file column, by the column's name. */
export const XDR_FIELDS: ReadonlyMap<string, string> = new Map(
  FILE_COLUMNS.map(({ name }, at) => [name, ROWS[at][0]]),
)
