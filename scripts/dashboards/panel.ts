// A panel of Grafana as plain data, with the parts that all kinds share.

/** Kinds that look the same in Grafana 10 to 13. */
export type Kind =
  'timeseries' | 'stat' | 'bargauge' | 'barchart' | 'table' | 'heatmap' | 'state-timeline'

/** A query; its legend names the labels that it must return. */
export interface Query {
  expr: string
  legend: string
}

/** A value and the colour from it on. */
export type Step = readonly [from: number, color: string]

/** The source of a panel. */
export interface PanelSource {
  title: string
  /** A sentence or two on its content. */
  description: string
  /** A unit of Grafana. */
  unit: string
  queries: readonly Query[]
  /** In columns, of 24. */
  width: number
  /** Thresholds with colours, where a number is good or bad. */
  steps?: readonly Step[]
  /** Texts for numbers. */
  texts?: readonly (readonly [text: string, color: string])[]
  /** The alert on the same condition; the description names its runbook. */
  alert?: string
  stacked?: boolean
  /** Whether all bars have one colour, as ranks do. */
  oneColor?: boolean
  min?: number
  max?: number
  decimals?: number
  /** Headings of a table's columns, by label or query. */
  columns?: Readonly<Record<string, string>>
  /** A table with the values of one label as columns. */
  matrix?: { row: string; column: string }
}

/** A panel in the format of Grafana, without its position. */
export interface Panel {
  type: Kind
  title: string
  description: string
  datasource: typeof DATASOURCE
  targets: Target[]
  fieldConfig: { defaults: Record<string, unknown>; overrides: unknown[] }
  options: Record<string, unknown>
  transformations?: unknown[]
}

/** A query in the format of Grafana. */
export interface Target {
  refId: string
  datasource: typeof DATASOURCE
  editorMode: 'code'
  expr: string
  legendFormat: string
  format: 'time_series' | 'table' | 'heatmap'
  instant: boolean
  range: boolean
}

/** A panel and its width. */
export interface Placed {
  width: number
  panel: Panel
}

/** The data source, as selected by a variable. */
export const DATASOURCE = { type: 'prometheus', uid: '${datasource}' } as const

const REFERENCES = 'ABCDEFGH'

/** A panel of a kind, with its options and defaults of fields. */
export function make(
  type: Kind,
  source: PanelSource,
  how: { format?: Target['format']; instant: boolean },
  options: Record<string, unknown>,
  defaults: Record<string, unknown> = {},
): Placed {
  const { title, unit, queries, width, min, max, decimals, alert } = source
  const runbook = alert === undefined ? '' : ` Alert ${alert}: docs/runbooks/${alert}.md.`
  const targets = queries.map(({ expr, legend }, index): Target => ({
    refId: REFERENCES[index],
    datasource: DATASOURCE,
    editorMode: 'code',
    expr,
    legendFormat: legend,
    format: how.format ?? 'time_series',
    instant: how.instant,
    range: !how.instant,
  }))
  const bounds = Object.entries({ min, max, decimals }).filter(([, value]) => value !== undefined)
  const field = { unit, ...Object.fromEntries(bounds), ...colours(source), ...defaults }
  const fieldConfig = { defaults: field, overrides: [] }
  const description = source.description + runbook
  const panel = { type, title, description, datasource: DATASOURCE, targets, fieldConfig, options }
  return { width, panel }
}

/** Colours by threshold or text, or the same colour for the same name everywhere. */
function colours({ steps, texts, oneColor }: PanelSource): Record<string, unknown> {
  const mappings = (texts ?? []).map(([text, color], index) => ({
    type: 'value',
    options: { [index]: { text, color, index } },
  }))
  const shown = steps ?? [[0, 'text']]
  const thresholds = {
    mode: 'absolute',
    steps: shown.map(([value, color], index) => ({ color, value: index === 0 ? null : value })),
  }
  if (oneColor === true)
    return { color: { mode: 'fixed', fixedColor: 'blue' }, mappings, thresholds }
  const mode = steps === undefined && texts === undefined ? 'palette-classic-by-name' : 'thresholds'
  return { color: { mode }, mappings, thresholds }
}
