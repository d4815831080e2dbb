// Lays out a dashboard: variables, links, rows of panels with their positions.
import { DATASOURCE, type Panel, type Placed } from './panel.ts'
import { PREFIX } from '../../src/serve/metrics/catalogue.ts'

/** One dashboard before it is laid out. */
export interface DashboardSource {
  /** The name of the file, and the uid after `xdr-pulse-`. */
  name: string
  title: string
  /** The question that it answers. */
  question: string
  /** Whether its values belong to one process and must not be summed over several. */
  ofOneProcess: boolean
  /** The rows of panels; the first shows the health. */
  rows: readonly { title: string; height: number; panels: readonly Placed[] }[]
}

/** A panel with its position, or the heading of a row. */
export type Positioned = { id: number; gridPos: { x: number; y: number; w: number; h: number } } & (
  Panel | { type: 'row'; title: string; collapsed: false; panels: readonly [] }
)

/** A dashboard in the format of Grafana. */
export interface Dashboard {
  id: null
  uid: string
  title: string
  description: string
  panels: Positioned[]
  [setting: string]: unknown
}

const COLUMNS = 24
const TAG = 'xdr-pulse'
/** Tags of dashboards: of several processes at once, or of one. */
const KINDS = ['processes', 'subscribers'] as const

/** The dashboard of a source. */
export function dashboardOf(source: DashboardSource): Dashboard {
  return {
    id: null,
    uid: `xdr-pulse-${source.name}`,
    title: source.title,
    description: source.question,
    tags: [TAG, KINDS[Number(source.ofOneProcess)]],
    editable: false,
    graphTooltip: 1,
    schemaVersion: 39,
    version: 1,
    timezone: 'browser',
    time: { from: 'now-1h', to: 'now' },
    refresh: '10s',
    fiscalYearStartMonth: 0,
    liveNow: false,
    annotations: { list: [] },
    templating: { list: variables(source.ofOneProcess) },
    links: KINDS.map((kind) => link(kind, source.ofOneProcess)),
    panels: positioned(source.rows),
  }
}

/**
 * A link to the other dashboards that keeps the selection, except "All" for dashboards of one process,
 * which would use it as the name of a process.
 */
const link = (kind: (typeof KINDS)[number], fromOneProcess: boolean): unknown => ({
  type: 'dashboards',
  title: kind,
  tags: [TAG, kind],
  asDropdown: false,
  includeVars: kind === 'processes' || fromOneProcess,
  keepTime: true,
  targetBlank: false,
  icon: 'external link',
  tooltip: '',
  url: '',
})

function variables(ofOneProcess: boolean): unknown[] {
  const all = { text: ['All'], value: ['$__all'] }
  const query = (name: string, label: string, text: string, one: boolean): unknown => ({
    type: 'query',
    name,
    label,
    datasource: DATASOURCE,
    query: { query: text, refId: `Variable-${name}` },
    refresh: 2,
    sort: 1,
    multi: !one,
    includeAll: !one,
    ...(one ? {} : { current: all }),
    hide: 0,
    regex: '',
    skipUrlSync: false,
    options: [],
  })
  const known = `${PREFIX}build_info`
  return [
    {
      type: 'datasource',
      name: 'datasource',
      label: 'Data source',
      query: 'prometheus',
      hide: 0,
      refresh: 1,
      regex: '',
      multi: false,
      includeAll: false,
      skipUrlSync: false,
      options: [],
    },
    query('job', 'Job', `label_values(${known}, job)`, ofOneProcess),
    query('instance', 'Process', `label_values(${known}{job=~"$job"}, instance)`, ofOneProcess),
  ]
}

function positioned(rows: DashboardSource['rows']): Positioned[] {
  const panels: Positioned[] = []
  let y = 0
  for (const { title, height, panels: placed } of rows) {
    const heading = { type: 'row', title, collapsed: false, panels: [] } as const
    panels.push({ ...heading, id: panels.length + 1, gridPos: { x: 0, y, w: COLUMNS, h: 1 } })
    y += 1
    let x = 0
    for (const { width, panel } of placed) {
      if (x + width > COLUMNS) [x, y] = [0, y + height]
      panels.push({ ...panel, id: panels.length + 1, gridPos: { x, y, w: width, h: height } })
      x += width
    }
    y += height
  }
  return panels
}
