// Writes grafana/dashboards/ from scripts/dashboards/ (npm run dashboards).
import { mkdirSync, writeFileSync } from 'node:fs'
import { dashboardOf, type DashboardSource } from './dashboards/dashboard.ts'
import { engagement } from './dashboards/engagement.ts'
import { overview } from './dashboards/overview.ts'
import { pipeline } from './dashboards/pipeline.ts'
import { replay } from './dashboards/replay.ts'
import { scale } from './dashboards/scale.ts'
import { segments } from './dashboards/segments.ts'
import { storeProcess } from './dashboards/store-process.ts'

/** All dashboards, in reading order. */
export const DASHBOARDS: readonly DashboardSource[] = [
  overview,
  engagement,
  segments,
  pipeline,
  scale,
  storeProcess,
  replay,
]

const FOLDER = new URL('../grafana/dashboards/', import.meta.url)

/** The file of a dashboard. */
export const dashboardFile = ({ name }: DashboardSource): URL => new URL(`${name}.json`, FOLDER)

/** The text of a dashboard's file. */
export const dashboardText = (source: DashboardSource): string =>
  `${JSON.stringify(dashboardOf(source), null, 2)}\n`

if (import.meta.main) {
  mkdirSync(FOLDER, { recursive: true })
  for (const source of DASHBOARDS) writeFileSync(dashboardFile(source), dashboardText(source))
}
