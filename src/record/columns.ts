// The 55 columns of an XDR file, the names they are known by, and what each is used for.

/** The seven applications, in the order of columns, aggregates and reports. */
export const APPLICATIONS = [
  'Social Media',
  'Google',
  'Email',
  'YouTube',
  'Netflix',
  'Gaming',
  'Other',
] as const

export type Application = (typeof APPLICATIONS)[number]

/** One column of an XDR file: its canonical name, its type there, other names it goes by. */
export interface FileColumn {
  name: string
  type: 'number' | 'text' | 'time'
  aliases: readonly string[]
}

const number = (name: string, ...aliases: string[]): FileColumn => ({
  name,
  type: 'number',
  aliases,
})
const text = (name: string): FileColumn => ({ name, type: 'text', aliases: [] })

/** All columns in file order (1 to 55). */
export const FILE_COLUMNS: readonly FileColumn[] = [
  number('Bearer Id', 'bearer_id', 'BearerId', 'xDR session'),
  { name: 'Start', type: 'time', aliases: ['start_time'] },
  number('Start ms', 'start_ms_part'),
  { name: 'End', type: 'time', aliases: ['end_time'] },
  number('End ms', 'end_ms_part'),
  number('Dur. (ms)', 'Dur (ms)', 'dur_ms', 'Duration (ms)', 'duration'),
  number('IMSI'),
  number('MSISDN/Number', 'MSISDN', 'msisdn_number', 'MSISDN Number', 'Customer'),
  number('IMEI'),
  text('Last Location Name'),
  number('Avg RTT DL (ms)'),
  number('Avg RTT UL (ms)'),
  number('Avg Bearer TP DL (kbps)'),
  number('Avg Bearer TP UL (kbps)'),
  number('TCP DL Retrans. Vol (Bytes)'),
  number('TCP UL Retrans. Vol (Bytes)'),
  number('DL TP < 50 Kbps (%)', 'dl_tp_below_50_kbps_pct'),
  number('50 Kbps < DL TP < 250 Kbps (%)', 'dl_tp_50_to_250_kbps_pct'),
  number('250 Kbps < DL TP < 1 Mbps (%)', 'dl_tp_250_kbps_to_1_mbps_pct'),
  number('DL TP > 1 Mbps (%)', 'dl_tp_above_1_mbps_pct'),
  number('UL TP < 10 Kbps (%)', 'ul_tp_below_10_kbps_pct'),
  number('10 Kbps < UL TP < 50 Kbps (%)', 'ul_tp_10_to_50_kbps_pct'),
  number('50 Kbps < UL TP < 300 Kbps (%)', 'ul_tp_50_to_300_kbps_pct'),
  number('UL TP > 300 Kbps (%)', 'ul_tp_above_300_kbps_pct'),
  number('HTTP DL (Bytes)'),
  number('HTTP UL (Bytes)'),
  number('Activity Duration DL (ms)'),
  number('Activity Duration UL (ms)'),
  number('Dur. (ms).1', 'Dur. (ms)_1', 'Dur. (ms):1', 'dur_ms_1'),
  text('Handset Manufacturer'),
  text('Handset Type'),
  number('Nb of sec with 125000B < Vol DL', 'sec_dl_above_125000_bytes'),
  number('Nb of sec with 1250B < Vol UL < 6250B', 'sec_ul_1250_to_6250_bytes'),
  number('Nb of sec with 31250B < Vol DL < 125000B', 'sec_dl_31250_to_125000_bytes'),
  number('Nb of sec with 37500B < Vol UL', 'sec_ul_above_37500_bytes'),
  number('Nb of sec with 6250B < Vol DL < 31250B', 'sec_dl_6250_to_31250_bytes'),
  number('Nb of sec with 6250B < Vol UL < 37500B', 'sec_ul_6250_to_37500_bytes'),
  number('Nb of sec with Vol DL < 6250B', 'sec_dl_below_6250_bytes'),
  number('Nb of sec with Vol UL < 1250B', 'sec_ul_below_1250_bytes'),
  number('Social Media DL (Bytes)'),
  number('Social Media UL (Bytes)'),
  number('Google DL (Bytes)'),
  number('Google UL (Bytes)'),
  number('Email DL (Bytes)'),
  number('Email UL (Bytes)'),
  number('Youtube DL (Bytes)'),
  number('Youtube UL (Bytes)'),
  number('Netflix DL (Bytes)'),
  number('Netflix UL (Bytes)'),
  number('Gaming DL (Bytes)'),
  number('Gaming UL (Bytes)'),
  number('Other DL (Bytes)', 'Other DL'),
  number('Other UL (Bytes)', 'Other UL'),
  number('Total UL (Bytes)', 'total_ul_bytes', 'Total UL', 'Total Upload'),
  number('Total DL (Bytes)', 'total_dl_bytes', 'Total DL', 'Total Download'),
]

/** The columns that the aggregates need, in the order in which a source delivers them. */
export const USED_COLUMNS = [
  'MSISDN/Number',
  'Bearer Id',
  'Start',
  'Start ms',
  'End',
  'End ms',
  'Dur. (ms)',
  'Total DL (Bytes)',
  'Total UL (Bytes)',
  ...APPLICATIONS.flatMap((name) => {
    const inFile = name === 'YouTube' ? 'Youtube' : name
    return [`${inFile} DL (Bytes)`, `${inFile} UL (Bytes)`]
  }),
] as const satisfies readonly string[]

/** Columns that a file may lack: they refine others. */
export const OPTIONAL_COLUMNS: ReadonlySet<string> = new Set(['Start ms', 'End ms'])
