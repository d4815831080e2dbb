// Row 9: the network between a consumer and its broker fails.
import assert from 'node:assert/strict'
import { statusBytes } from '../../../bench/process.ts'
import type { Random } from '../../../src/random.ts'
import { errorsOf, goesOn, underLoad, type Setting } from '../../e2e/kafka-load.ts'
import type { Member } from '../../e2e/kafka-member.ts'
import { withTcpProxy, type TcpProxy } from '../../tcp-proxy.ts'
import { until } from '../../until.ts'
import type { FaultContext, FaultRow } from '../fault-row.ts'

/** A consumer above this has a leak; most memory is used from the start. */
const MOST_MEMORY_BYTES = 700 * 2 ** 20
/** Smaller than most responses. */
const MOST_CUT_BYTES = 4000

type Trouble = (proxy: TcpProxy, member: Member, random: Random) => Promise<void>

/** What the network does, by the name of the situation. */
const TROUBLES: Readonly<Record<string, Trouble>> = {
  'connections are reset within a frame': async (proxy, member, random) => {
    const [{ cut }, errors] = [proxy.counts(), errorsOf(member.last())]
    await proxy.become({ kind: 'cut', afterBytes: 1 + Math.floor(random() * MOST_CUT_BYTES) })
    await until(
      'cuts',
      () => proxy.counts().cut,
      (now) => now > cut + 5,
    )
    await member.when('trouble', (look) => errorsOf(look) > errors)
  },
  'connections stay open without data for longer than the session': async (proxy, member) => {
    await proxy.become({ kind: 'blackhole' })
    const { counters } = await member.when('loss', ({ consumer }) => !consumer.member)
    // Responses that were in flight when the session ended are not applied.
    assert.equal(member.last().counters.applied, counters.applied)
    await proxy.become({ kind: 'pass' })
    await member.when('return', ({ consumer }) => consumer.member)
  },
  'connections are refused': async (proxy, member) => {
    const errors = errorsOf(member.last())
    await proxy.become({ kind: 'reject' })
    await member.when('trouble', (look) => errorsOf(look) > errors)
  },
  'a link is slow': async (proxy, member, random) => {
    const { applied } = member.last().counters
    await proxy.become({ kind: 'slow', bytesPerSecond: 15_000 + Math.floor(random() * 30_000) })
    await member.when('rows', ({ counters }) => counters.applied > applied + 100)
    assert.ok(member.last().consumer.member, 'heartbeats reach the broker')
  },
}

/** Of 4 partitions: 3 seconds of the slow link, where the default size would take most of a minute. */
const SMALL_RESPONSES = ['--fetch-partition-bytes', '16384', '--fetch-max-bytes', '65536']

async function allTroubles(
  context: FaultContext,
  setting: Setting,
  proxy: TcpProxy,
  random: Random,
): Promise<void> {
  const { member } = setting
  const order = Object.entries(TROUBLES)
    .map(([name, trouble]) => ({ name, trouble, at: random() }))
    .sort((a, b) => a.at - b.at)
  for (const { name, trouble } of order) {
    await trouble(proxy, member, random)
    context.reached(name)
    await proxy.become({ kind: 'pass' })
    await goesOn(setting)
    context.held('I5', 'I6', 'I9')
  }
  const most = statusBytes(member.running.process.pid ?? 0, 'VmHWM')
  assert.ok(most > 0 && most < MOST_MEMORY_BYTES, `${most} bytes of memory at most`)
}

/** Row 9. */
export const networkFails: FaultRow = {
  number: 9,
  title: 'the network fails',
  how: 'a TCP proxy: cut within a frame, half-open, refused, slow; in a random order, under load',
  holds: ['I1', 'I3', 'I5', 'I6', 'I9'],
  also: 'memory is bounded',
  needs: ['kafka'],
  reaches: Object.keys(TROUBLES),
  shortRounds: 1,
  async run(context) {
    for (const { random } of context.rounds()) {
      await withTcpProxy((proxy) =>
        underLoad({ proxy, flags: SMALL_RESPONSES }, (setting) =>
          allTroubles(context, setting, proxy, random),
        ),
      )
      context.held('I1', 'I3')
    }
  },
}
