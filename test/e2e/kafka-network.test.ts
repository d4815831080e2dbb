// What lies between a consumer and its broker breaks, swallows and crawls; no row is lost or doubled.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { needsKafka } from '../broker.ts'
import { withTcpProxy, type TcpProxy } from '../tcp-proxy.ts'
import { until } from '../until.ts'
import { filled } from './kafka-durable.ts'
import { errorsOf, goesOn, underLoad, type Setting } from './kafka-load.ts'
import type { Member } from './kafka-member.ts'

/** Above this a consumer keeps what it should have let go; most of it is taken at the start. */
const MOST_MEMORY_MIB = 700

/** Most memory that a process has had, in MiB. */
function mostMemory({ running }: Member): number {
  const status = readFileSync(`/proc/${running.process.pid}/status`, 'utf8')
  return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024
}

/** A consumer that knows its broker by the address of a proxy only. */
const throughProxy = (work: (proxy: TcpProxy, setting: Setting) => Promise<void>): Promise<void> =>
  withTcpProxy((proxy) =>
    underLoad({ proxy }, async (setting) => {
      await work(proxy, setting)
      await goesOn(setting.member)
      assert.ok(mostMemory(setting.member) < MOST_MEMORY_MIB, 'memory is bounded')
    }),
  )

test('connections cut in the middle of an answer cost no row', needsKafka(), () =>
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

test('a network that swallows everything, past the session, costs no row', needsKafka(), () =>
  throughProxy(async (proxy, { member }) => {
    await proxy.become({ kind: 'blackhole' })
    const { counters } = await member.when('loss', ({ consumer }) => !consumer.member)
    // Whatever was on its way when the session ended is not applied.
    const lost = member.last()
    assert.equal(lost.counters.applied, counters.applied)
    await proxy.become({ kind: 'pass' })
    await member.when('return', ({ consumer }) => consumer.member)
  }),
)

test('a slow link is read as fast as it goes', needsKafka(), () =>
  throughProxy(async (proxy, { member }) => {
    const { applied } = member.last().counters
    await proxy.become({ kind: 'slow', bytesPerSecond: 20_000 })
    await member.when('rows', ({ counters }) => counters.applied > applied + 100)
    assert.ok(member.last().consumer.member, 'heartbeats get through')
    await proxy.become({ kind: 'pass' })
  }),
)

// It takes a minute and more: 24,000 rows come through 20 kB/s, less than the answer asked for first.
const patient = process.env['XDR_PULSE_SLOW_LINK'] !== undefined
test('an answer too large for its link is asked for in parts', { skip: !patient }, () =>
  throughProxy(async (proxy, { member, filling }) => {
    await proxy.become({ kind: 'slow', bytesPerSecond: 20_000 })
    await filled(filling)
    await member.when('the request that is lost', (look) => errorsOf(look) > 0)
    await goesOn(member)
    await goesOn(member)
    await proxy.become({ kind: 'pass' })
  }),
)
