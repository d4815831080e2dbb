// Names and units of metrics and features as the report says them.
import type { Feature } from '../snapshot/schema.ts'
import { bytesText, durationText } from '../snapshot/units.ts'

const NAMES: Readonly<Record<Feature, string>> = {
  sessions: 'Sessions',
  durationMs: 'Session duration',
  trafficBytes: 'Traffic',
  downlinkBytes: 'Download',
  uplinkBytes: 'Upload',
  meanSessionDurationMs: 'Mean session',
}

/** A metric's name at the head of a column. */
export const metricName = (metric: Feature): string => NAMES[metric]

/** A value in its unit. */
export function metricValue(metric: Feature, value: number): string {
  if (metric.endsWith('Ms')) return durationText(value)
  if (metric.endsWith('Bytes')) return bytesText(value)
  return Number(value.toFixed(1)).toLocaleString('en-US')
}
