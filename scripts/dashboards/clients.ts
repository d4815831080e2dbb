// Panels about clients of the HTTP server.
import { timeseries } from './kinds.ts'
import type { Placed } from './panel.ts'
import { meanOf, observations, of, rate, sumBy } from './query.ts'

/** Requests, their duration, and refused requests. */
export const clients: readonly Placed[] = [
  timeseries({
    min: 0,
    title: 'Requests by code',
    description: 'Requests answered per second.',
    unit: 'reqps',
    width: 6,
    queries: [{ expr: observations('http_request_duration_seconds', 'code'), legend: '{{code}}' }],
    alert: 'XdrPulseApiErrors',
  }),
  timeseries({
    min: 0,
    title: 'Time to answer',
    description: 'Mean time to answer, by route.',
    unit: 's',
    width: 6,
    queries: [{ expr: meanOf('http_request_duration_seconds', 'route'), legend: '{{route}}' }],
  }),
  timeseries({
    min: 0,
    title: 'Connected',
    description: 'Connections, live streams, and requests in progress including these.',
    unit: 'none',
    width: 6,
    queries: [
      { expr: `sum(${of('http_connections')})`, legend: 'connections' },
      { expr: `sum(${of('live_clients')})`, legend: 'live streams' },
      { expr: `sum(${of('http_requests_in_flight')})`, legend: 'requests' },
    ],
  }),
  timeseries({
    min: 0,
    title: 'Refused',
    description:
      'Refused requests, ended connections and changed files that were not taken, per second, and ' +
      'messages not sent to slow clients.',
    unit: 'ops',
    width: 6,
    queries: [
      { expr: sumBy('reason', rate('http_refused_requests_total')), legend: '{{reason}}' },
      {
        expr: sumBy('reason', rate('http_closed_connections_total')),
        legend: 'connection: {{reason}}',
      },
      {
        expr: sumBy('file', rate('http_file_reloads_total', 'outcome="failure"')),
        legend: 'not taken: {{file}}',
      },
      { expr: `sum(${rate('live_dropped_messages_total')})`, legend: 'too slow' },
    ],
  }),
]
