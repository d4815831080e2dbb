// A link that is too slow for the first response size; row 9 of the faults has the other networks.
import { test } from 'node:test'
import { needsKafka } from '../broker.ts'
import { withTcpProxy } from '../tcp-proxy.ts'
import { filled } from './kafka-durable.ts'
import { errorsOf, underLoad } from './kafka-load.ts'

// This takes over a minute: all rows at 20 kB/s.
const patient = process.env['XDR_PULSE_SLOW_LINK'] !== undefined
test(
  'a response that is too large for its link is requested in parts',
  {
    skip: patient ? needsKafka().skip : 'XDR_PULSE_SLOW_LINK is not set: it takes over a minute',
  },
  () =>
    withTcpProxy((proxy) =>
      underLoad({ proxy }, async ({ member, filling }) => {
        await proxy.become({ kind: 'slow', bytesPerSecond: 20_000 })
        await filled(filling)
        await member.when('the request that is lost', (look) => errorsOf(look) > 0)
        const { applied } = member.last().counters
        await member.when('more rows', ({ counters }) => counters.applied > applied)
        await proxy.become({ kind: 'pass' })
      }),
    ),
)
