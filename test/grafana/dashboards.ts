// The committed dashboards, as the tests read them.
import type { Dashboard, Positioned } from '../../scripts/dashboards/dashboard.ts'
import type { Panel, Target } from '../../scripts/dashboards/panel.ts'
import { filesOf, textOf } from './tools.ts'

/** A dashboard as parsed from its file. */
export interface Committed extends Dashboard {
  file: string
  graphTooltip: number
  schemaVersion: number
  editable: boolean
  templating: { list: { name: string; type: string; query: unknown }[] }
  links: { type: string; tags: string[]; includeVars: boolean; keepTime: boolean }[]
  tags: string[]
}

/** A panel that draws something, with its place. */
export type DrawnPanel = Panel & Pick<Positioned, 'id' | 'gridPos'>

/** All committed dashboards. */
export const committed = (): Committed[] =>
  filesOf('grafana/dashboards/*.json').map((file) => ({
    ...(JSON.parse(textOf(file)) as Committed),
    file,
  }))

/** The panels of a dashboard that draw something: all but the headings of rows. */
export const drawn = ({ panels }: Dashboard): DrawnPanel[] =>
  panels.filter((panel): panel is DrawnPanel => panel.type !== 'row')

/** Labels that a query must return, by its legend. */
export const labelsOf = ({ legendFormat }: Target): string[] =>
  [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label)
