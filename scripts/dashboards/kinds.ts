// The kinds of panels: one function each, with the options that a kind shares.
import { make, type PanelSource, type Placed } from './panel.ts'

/** The latest value. */
const LAST = { calcs: ['lastNotNull'], fields: '', values: false }

/** The current number. */
export const stat = (source: PanelSource): Placed => {
  const means = source.steps !== undefined || source.texts !== undefined
  return make(
    'stat',
    source,
    { instant: true },
    {
      reduceOptions: LAST,
      orientation: 'auto',
      textMode: source.queries.length > 1 ? 'value_and_name' : 'value',
      colorMode: means ? 'background' : 'none',
      graphMode: 'none',
      justifyMode: 'auto',
    },
  )
}

/** Curves. */
export const timeseries = (source: PanelSource): Placed =>
  make(
    'timeseries',
    source,
    { instant: false },
    {
      legend: { displayMode: 'list', placement: 'bottom', showLegend: true, calcs: [] },
      tooltip: { mode: 'multi', sort: 'desc' },
    },
    {
      custom: {
        drawStyle: 'line',
        lineInterpolation: 'linear',
        lineWidth: 1,
        fillOpacity: source.stacked === true ? 30 : 5,
        showPoints: 'never',
        spanNulls: false,
        stacking: { mode: source.stacked === true ? 'normal' : 'none', group: 'A' },
        thresholdsStyle: { mode: source.steps === undefined ? 'off' : 'line' },
      },
    },
  )

/** Bars of current values, in the order of the query. */
export const bargauge = (source: PanelSource): Placed =>
  make(
    'bargauge',
    { min: 0, ...source },
    { instant: true },
    {
      reduceOptions: LAST,
      orientation: 'horizontal',
      displayMode: 'basic',
      valueMode: 'text',
      showUnfilled: true,
      namePlacement: 'auto',
      sizing: 'auto',
      minVizWidth: 8,
      minVizHeight: 12,
    },
  )

/** Bars of current values, by the one label that the query keeps. */
export const barchart = (source: PanelSource, label: string): Placed =>
  withTransformations(
    make(
      'barchart',
      { min: 0, ...source },
      { instant: true, format: 'table' },
      {
        xField: label,
        orientation: 'vertical',
        showValue: 'auto',
        barWidth: 0.8,
        groupWidth: 0.7,
        stacking: 'none',
        legend: { displayMode: 'list', placement: 'bottom', showLegend: false, calcs: [] },
        tooltip: { mode: 'single', sort: 'none' },
      },
      { custom: { fillOpacity: 80, lineWidth: 1 } },
    ),
    [
      { id: 'organize', options: { excludeByName: { Time: true } } },
      { id: 'sortBy', options: { sort: [{ field: 'Value', desc: true }] } },
    ],
  )

/** Rows of current values by the labels that the queries keep, or a matrix of two labels. */
export const table = (source: PanelSource): Placed => {
  const { columns, matrix } = source
  const custom = { align: 'auto', cellOptions: { type: matrix ? 'color-background' : 'auto' } }
  const color = { mode: matrix ? 'continuous-blues' : 'fixed', fixedColor: 'text' }
  const joined = { excludeByName: { Time: true }, renameByName: columns ?? {} }
  const organize = { id: 'organize', options: joined }
  const merge = { id: 'merge', options: {} }
  const grouped = matrix && {
    id: 'groupingToMatrix',
    options: { rowField: matrix.row, columnField: matrix.column, valueField: 'Value' },
  }
  return withTransformations(
    make(
      'table',
      source,
      { instant: true, format: 'table' },
      { showHeader: true, cellHeight: 'sm' },
      { custom, color },
    ),
    grouped ? [grouped] : [merge, organize],
  )
}

/** Observations per bucket over time. */
export const heatmap = (source: PanelSource): Placed =>
  make(
    'heatmap',
    source,
    { instant: false, format: 'heatmap' },
    {
      calculate: false,
      cellGap: 1,
      color: {
        mode: 'scheme',
        scheme: 'Blues',
        steps: 64,
        exponent: 0.5,
        fill: 'dark-blue',
        reverse: false,
      },
      filterValues: { le: 1e-9 },
      legend: { show: true },
      rowsFrame: { layout: 'auto' },
      tooltip: { mode: 'single', yHistogram: false },
      yAxis: { axisPlacement: 'left', reverse: false, unit: source.unit },
    },
  )

/** A named number over time. */
export const stateTimeline = (source: PanelSource): Placed =>
  make(
    'state-timeline',
    source,
    { instant: false },
    {
      mergeValues: true,
      showValue: 'auto',
      alignValue: 'left',
      rowHeight: 0.8,
      legend: { displayMode: 'list', placement: 'bottom', showLegend: false, calcs: [] },
      tooltip: { mode: 'single', sort: 'none' },
    },
    { custom: { fillOpacity: 70, lineWidth: 0 } },
  )

const withTransformations = ({ width, panel }: Placed, transformations: unknown[]): Placed => ({
  width,
  panel: { ...panel, transformations },
})
