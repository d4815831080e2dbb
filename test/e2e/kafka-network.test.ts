// The network between a consumer and its broker fails, drops bytes or is slow; no row is lost or
// applied twice.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { needsKafka } from '../broker.ts'
import { withTcpProxy, type TcpProxy } from '../tcp-proxy.ts'
import { until } from '../until.ts'
import { filled } from './kafka-durable.ts'
import { errorsOf, goesOn, underLoad, type Setting } from './kafka-load.ts'
import type { Member } from './kafka-member.ts'

/** A consumer above this has a leak; most memory is used from the start. */
const MOST_MEMORY_MIB = 700

/** The peak memory of a process in MiB. */
function mostMemory({ running }: Member): number {
  const status = readFileSync(`/proc/${running.process.pid}/status`, 'utf8')
  return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024
}

/** Runs `work` with a consumer that connects to its broker through a proxy. */
const throughProxy = (work: (proxy: TcpProxy, setting: Setting) => Promise<void>): Promise<void> =>
  withTcpProxy((proxy) =>
    underLoad({ proxy }, async (setting) => {
      await work(proxy, setting)
      await goesOn(setting.member)
      assert.ok(mostMemory(setting.member) < MOST_MEMORY_MIB, 'memory is bounded')
    }),
  )

test('connections that are reset within a response cost no row', needsKafka(), () =>
  throughProxy(async (proxy, { member }) => {
    await proxy.become({ kind: 'cut', afterBytes: 3000 })
    await until(
      'cuts',
      () => proxy.counts().cut,
      (cut) => cut > 5,
    )
    await member.when('trouble', (look) => errorsOf(look) > 0)
    await proxy.become({ kind: 'pass' })
  }),
)

test('a network that drops everything for longer than the session costs no row', needsKafka(), () =>
  throughProxy(async (proxy, { member }) => {
    await proxy.become({ kind: 'blackhole' })
    const { counters } = await member.when('loss', ({ consumer }) => !consumer.member)
    // Responses that were in flight when the session ended are not applied.
    const lost = member.last()
    assert.equal(lost.counters.applied, counters.applied)
    await proxy.become({ kind: 'pass' })
    await member.when('return', ({ consumer }) => consumer.member)
  }),
)

test('rows are applied over a slow link, and the member stays in its group', needsKafka(), () =>
  throughProxy(async (proxy, { member }) => {
    const { applied } = member.last().counters
    await proxy.become({ kind: 'slow', bytesPerSecond: 20_000 })
    await member.when('rows', ({ counters }) => counters.applied > applied + 100)
    assert.ok(member.last().consumer.member, 'heartbeats reach the broker')
    await proxy.become({ kind: 'pass' })
  }),
)

// This takes over a minute: 24,000 rows at 20 kB/s, which is too slow for the first response size.
const patient = process.env['XDR_PULSE_SLOW_LINK'] !== undefined
test('a response that is too large for its link is requested in parts', { skip: !patient }, () =>
  throughProxy(async (proxy, { member, filling }) => {
    await proxy.become({ kind: 'slow', bytesPerSecond: 20_000 })
    await filled(filling)
    await member.when('the request that is lost', (look) => errorsOf(look) > 0)
    await goesOn(member)
    await goesOn(member)
    await proxy.become({ kind: 'pass' })
  }),
)
