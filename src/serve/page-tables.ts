// The tables that the live page shares with the program, served as the module tables.js.
import { APPLICATION_TABLE, DIRECTIONS } from '../record/columns.ts'
import { applicationColour, SEGMENT_COLOURS } from '../report/palette.ts'
import { METRIC_TABLE, RATIO_TABLE } from '../snapshot/metrics.ts'
import { FEATURE_COLUMNS, NOT_IN_DATA } from '../snapshot/not-in-data.ts'
import { QUANTILES } from '../snapshot/metrics.ts'

/** The tables; the page is type-checked against them. */
export const PAGE_TABLES = {
  metrics: METRIC_TABLE,
  ratios: RATIO_TABLE,
  quantiles: QUANTILES,
  directions: DIRECTIONS,
  /** In the order of the lists of a snapshot. */
  applications: APPLICATION_TABLE.map(({ name, column }) => ({
    name,
    column,
    colour: applicationColour(name),
  })),
  featureColumns: FEATURE_COLUMNS,
  notInData: NOT_IN_DATA,
  /** From least to most engaged. */
  segmentColours: SEGMENT_COLOURS,
}

/** The text of the module. */
export const pageTablesText = (): string => `export const TABLES = ${JSON.stringify(PAGE_TABLES)}\n`
