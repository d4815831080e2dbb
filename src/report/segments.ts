// The report on segments: their size, means and totals, and the elbow.
import { DISTRIBUTION_METRICS, FEATURES, labelOf, METRICS } from '../snapshot/metrics.ts'
import { knownMetrics } from '../snapshot/not-in-data.ts'
import type { Snapshot } from '../snapshot/schema.ts'
import { shareText, valueText } from '../snapshot/units.ts'
import { curveDrawing, sharesDrawing } from './charts.ts'
import { details, figure, legend, paragraph, section, table } from './markup.ts'
import { segmentColour } from './palette.ts'

/** The sections on segments and on the elbow. */
export function segmentSections(snapshot: Snapshot): string {
  const { segments, elbow } = snapshot
  const names = segments.segments.map(({ name }, level) => ({ name, colour: segmentColour(level) }))
  return [
    section(
      'segments',
      'Engagement segments',
      paragraph(segments.text),
      ...(names.length === 0 ? [] : [sharesFigure(snapshot), legend(names), meansTable(segments)]),
      details('Minimum, mean, maximum and total of each metric', ...rangeTables(snapshot)),
    ),
    section(
      'elbow',
      'Number of segments',
      paragraph(elbow.text),
      paragraph(
        'Inertia is the sum of squared distances of all subscribers to the centroid of their segment. ' +
          'It falls with each additional segment; beyond the bend of the curve, further segments ' +
          `explain little. ${chosenText(segments.k, elbow.knee)}`,
      ),
      ...(elbow.k.length === 0 ? [] : [elbowFigure(elbow), elbowTable(elbow)]),
    ),
  ].join('\n')
}

function chosenText(k: number, knee: number | null): string {
  if (knee === null || k === 0) return ''
  const chosen = `This report has ${k} ${k === 1 ? 'segment' : 'segments'}`
  return k === knee ? `${chosen}, as the curve suggests.` : `${chosen}; the curve suggests ${knee}.`
}

type Segments = Snapshot['segments']

function sharesFigure(snapshot: Snapshot): string {
  const { segments } = snapshot.segments
  const parts = (value: (segment: (typeof segments)[number]) => number) =>
    segments.map((segment, level) => ({
      name: segment.name,
      value: value(segment),
      colour: segmentColour(level),
    }))
  const bars = [
    { label: 'Subscribers', text: '', parts: parts(({ subscribers }) => subscribers) },
    ...knownMetrics(snapshot, DISTRIBUTION_METRICS).map((metric) => ({
      label: labelOf(metric),
      text: '',
      parts: parts(({ metrics }) => metrics[metric].total),
    })),
  ]
  const words = segments.map(({ name, share }) => `${name}: ${shareText(share)} of subscribers`)
  return figure('Share of each segment', words.join(', '), (width) => sharesDrawing(bars, width))
}

const meansTable = ({ features, segments }: Segments): string =>
  table({
    caption: 'Means per subscriber, by segment',
    heading: ['Segment', 'Subscribers', 'Share', ...features.map(labelOf)],
    rows: segments.map(({ name, subscribers, share, centroid }) => [
      name,
      subscribers.toLocaleString('en-US'),
      shareText(share),
      ...features.map((feature) => valueText(feature, centroid[feature])),
    ]),
  })

const rangeTables = (snapshot: Snapshot): string[] =>
  snapshot.segments.segments.map(({ name, metrics }) =>
    table({
      caption: name.slice(0, 1).toUpperCase() + name.slice(1),
      heading: ['Metric', 'Minimum', 'Mean', 'Maximum', 'Total'],
      rows: knownMetrics(snapshot, METRICS).map((metric) => {
        const { min, mean, max, total } = metrics[metric]
        return [
          labelOf(metric),
          ...[min, mean, max, total].map((value) => valueText(metric, value)),
        ]
      }),
    }),
  )

function elbowFigure({ inertia, knee, text }: Snapshot['elbow']): string {
  const options = {
    axis: (value: number) => Number(value.toPrecision(3)).toLocaleString('en-US'),
    mark: 'bend',
  }
  return figure('Inertia by number of segments', text, (width) =>
    curveDrawing(inertia, knee, width, options),
  )
}

const elbowTable = ({ k, inertia, knee }: Snapshot['elbow']): string =>
  details(
    'The curve as a table',
    table({
      caption: 'Inertia by number of segments',
      heading: ['Segments', 'Inertia', 'Share of the inertia of one segment'],
      rows: k.map((each, at) => [
        `${each}${each === knee ? ' (the bend)' : ''}`,
        inertia[at].toPrecision(6),
        inertia[0] > 0 ? shareText(inertia[at] / inertia[0]) : '',
      ]),
    }),
  )

/** The scaling of each feature, and the centroids in scaled space. */
export function methodTables({ features, scaling, scale, segments }: Segments): string[] {
  const chosen = FEATURES.filter((feature) => features.includes(feature))
  return [
    table({
      caption: `Scaling (${scaling}): a value becomes (value − offset) × factor`,
      heading: ['Feature', 'Offset', 'Factor'],
      rows: chosen.map((feature) => [
        labelOf(feature),
        scale[feature].offset.toPrecision(6),
        scale[feature].factor.toPrecision(6),
      ]),
    }),
    table({
      caption: 'Centroids of the segments after scaling',
      heading: ['Segment', ...chosen.map(labelOf)],
      rows: segments.map(({ name, centroidScaled }) => [
        name,
        ...chosen.map((feature) => centroidScaled[feature].toPrecision(5)),
      ]),
    }),
  ]
}
