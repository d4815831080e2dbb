// The tables that the live page shares with the program, served as the module tables.js.
import { APPLICATIONS, DIRECTIONS } from '../record/columns.ts'
import { applicationColour, SEGMENT_COLOURS } from '../report/palette.ts'
import { METRIC_TABLE, RATIO_TABLE } from '../snapshot/metrics.ts'
import { QUANTILES } from '../snapshot/schema.ts'

/** The tables; the page is type-checked against them. */
export const PAGE_TABLES = {
  metrics: METRIC_TABLE,
  ratios: RATIO_TABLE,
  quantiles: QUANTILES,
  directions: DIRECTIONS,
  /** In the order of the lists of a snapshot. */
  applications: APPLICATIONS.map((name) => ({ name, colour: applicationColour(name) })),
  /** From least to most engaged. */
  segmentColours: SEGMENT_COLOURS,
}

/** The text of the module. */
export const pageTablesText = (): string => `export const TABLES = ${JSON.stringify(PAGE_TABLES)}\n`
