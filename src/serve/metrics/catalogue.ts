// The catalogue of metrics: all rows, in the order of the documentation.
import { CHANGELOG_METRICS } from './changelog-metrics.ts'
import { CONSUMER_METRICS } from './consumer-metrics.ts'
import { INGEST_METRICS, PROCESS_METRICS, REPLAY_METRICS } from './ingest-metrics.ts'
import { eventCounter, eventGauge, histogram, type MetricRow } from './row.ts'
import { SEGMENT_METRICS, SNAPSHOT_METRICS } from './snapshot-metrics.ts'
import { STORE_METRICS } from './store-metrics.ts'
import { SUBSCRIBER_METRICS } from './subscriber-metrics.ts'

/** The prefix of every name. */
export const PREFIX = 'xdrpulse_'

/** Few bounds on purpose, as this histogram has series per route. */
const HTTP_SECONDS = [0.005, 0.02, 0.1, 0.5, 2]

const HTTP_METRICS = [
  histogram(
    'http_request_duration_seconds',
    'Time to answer a request, live streams excluded.',
    HTTP_SECONDS,
    null,
    ['route', 'method', 'code'],
  ),
  eventGauge('http_requests_in_flight', 'Requests in progress, live streams included.'),
  eventGauge('http_connections', 'Open connections, those without a request included.'),
  eventCounter(
    'http_closed_connections_total',
    'Connections ended by the server, by reason: full, client, slow, revoked.',
    ['reason'],
  ),
  eventCounter(
    'http_file_reloads_total',
    'Changes of the token file and the certificate that were read, by outcome.',
    ['file', 'outcome'],
  ),
  eventCounter(
    'http_refused_requests_total',
    'Requests refused before they reached a route, by reason.',
    ['reason'],
  ),
  eventGauge('live_clients', 'Connected live streams.'),
  eventCounter('live_dropped_messages_total', 'Messages not sent because a client was too slow.'),
] as const

/** All metrics of the program; `process_*` and `nodejs_*` are added to them. */
const ROWS = [
  ...PROCESS_METRICS,
  ...INGEST_METRICS,
  ...CONSUMER_METRICS,
  ...CHANGELOG_METRICS,
  ...STORE_METRICS,
  ...SNAPSHOT_METRICS,
  ...SEGMENT_METRICS,
  ...SUBSCRIBER_METRICS,
  ...REPLAY_METRICS,
  ...HTTP_METRICS,
] as const

/** The name of a metric without prefix. */
export type MetricName = (typeof ROWS)[number]['name']
/** The name of a metric that events add to. */
export type EventName = Extract<(typeof ROWS)[number], { read: null }>['name']

/** All metrics of the program. */
export const CATALOGUE: readonly MetricRow<MetricName>[] = ROWS
