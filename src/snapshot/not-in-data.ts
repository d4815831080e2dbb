// Columns that no record has a value of, and what is therefore not known: it is never shown as 0.
import { APPLICATION_TABLE, DIRECTIONS, USED_COLUMNS, type Direction } from '../record/columns.ts'
import { FEATURES, featureRow, labelOf, type Feature } from './metrics.ts'
import type { Snapshot } from './schema.ts'
import { bytesText, shareText, valueText } from './units.ts'

/** What is shown instead of a number that is not known. */
export const NOT_IN_DATA = 'not in the data'

/** The used columns that are missing in all records. */
export const columnsNotIn = (
  records: number,
  missing: Readonly<Record<string, number | undefined>>,
): string[] =>
  records === 0 ? [] : USED_COLUMNS.filter((column) => (missing[column] ?? 0) >= records)

type Known = Pick<Snapshot, 'notInData'>
type ApplicationSums = Omit<Snapshot['applications'][number], 'top'>

/** The column that a feature needs and a source may lack; every source has those of the others. */
export const FEATURE_COLUMNS: Readonly<Partial<Record<Feature, string>>> = Object.fromEntries(
  FEATURES.filter((feature) => {
    const { fields, per } = featureRow(feature)
    return [...fields, ...per].includes('sessions')
  }).map((feature) => [feature, 'Bearer Id']),
)

/** Whether the data has what a feature is computed from. */
export const hasMetric = ({ notInData }: Known, feature: Feature): boolean =>
  !notInData.includes(FEATURE_COLUMNS[feature] ?? '')

/** Whether the data has traffic of an application, in a direction or in any. */
export function hasTraffic({ notInData }: Known, application: string, direction?: Direction) {
  const { column } = APPLICATION_TABLE.find(({ name }) => name === application)!
  return DIRECTIONS.some(
    ({ key, way }) => (direction ?? key) === key && !notInData.includes(`${column} ${way} (Bytes)`),
  )
}

/** A value of a metric, where the data has it. */
export const metricText = (snapshot: Known, metric: Feature, value: number): string =>
  hasMetric(snapshot, metric) ? valueText(metric, value) : NOT_IN_DATA

/** Those of some features that the data has. */
export const knownMetrics = <F extends Feature>(snapshot: Known, features: readonly F[]): F[] =>
  features.filter((feature) => hasMetric(snapshot, feature))

/** Download, upload, total, share and subscribers of an application, where the data has them. */
export function applicationTexts(
  known: Known,
  { name, trafficBytes, share, subscribers, ...traffic }: ApplicationSums,
): string[] {
  const ofBoth = [bytesText(trafficBytes), shareText(share), subscribers.toLocaleString('en-US')]
  return [
    ...directionTexts(known, { name, ...traffic }),
    ...ofBoth.map((text) => (hasTraffic(known, name) ? text : NOT_IN_DATA)),
  ]
}

/** Download and upload of an application, where the data has them. */
export const directionTexts = (
  known: Known,
  { name, ...traffic }: Record<Direction, number> & { name: string },
): string[] =>
  DIRECTIONS.map(({ key }) =>
    hasTraffic(known, name, key) ? bytesText(traffic[key]) : NOT_IN_DATA,
  )

/** The applications that the data has traffic of. */
export const knownApplications = <A extends { name: string }>(
  known: Known,
  applications: readonly A[],
): A[] => applications.filter(({ name }) => hasTraffic(known, name))

/** Whether the data has a column of any application. */
export const hasApplications = (known: Known): boolean =>
  knownApplications(known, APPLICATION_TABLE).length > 0

/** What is not known, and why; no sentence where everything is. */
export function notInDataWords(notInData: readonly string[]): string[] {
  if (notInData.length === 0) return []
  return [
    `Not in the data: ${notInData.join(', ')}. No record has a value of these columns, so what is ` +
      'computed from them is not known.',
  ]
}

/** Features that were asked for, and that the segments cannot have. */
export function absentFeatureWords(known: Known, features: readonly Feature[]): string[] {
  const absent = features.filter((feature) => !hasMetric(known, feature)).map(labelOf)
  return absent.length === 0 ? [] : [`No features, because ${NOT_IN_DATA}: ${absent.join(', ')}.`]
}
