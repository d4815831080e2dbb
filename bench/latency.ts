// Bench of the latency from produced to visible: durable in the state, in the status, in a look-up.
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import avro from 'avsc'
import { quietClient } from '../scripts/kafka/client.ts'
import { partitionOf } from '../src/record/partitioner.ts'
import { XDR_SCHEMA } from '../src/record/xdr-schema.ts'
import { fillCommand, PARTITIONS, withBroker } from './kafka-broker.ts'
import { percentile, watchSights, type Place, type Probe } from './latency-sights.ts'
import type { BenchOptions } from './options.ts'
import { sampleFile, withStates } from './sample.ts'
import { start, sum, until, urlOf, watchState } from './serving.ts'
import { loadText, printTable } from './table.ts'

const PROBE_EVERY_MS = 50
/** Time for compilation and the first snapshots. */
const WARM_UP_MS = 8000
/** The load runs this much longer than the probes. */
const MARGIN_SECONDS = 25
/** An MSISDN that the generator does not use. */
const FIRST_PROBED = 49_000_000_000

/** Sends probes during a steady load, and looks for each of them in three places. */
export async function benchLatency(options: BenchOptions): Promise<void> {
  const { rate, subscribers } = options
  const load = await sampleFile(rate * (options.seconds + MARGIN_SECONDS), subscribers)
  await withStates((directory) =>
    withBroker(directory, async (broker) => {
      const topic = await broker.newTopic()
      const state = join(directory, 'state')
      const [, , ...fill] = fillCommand(broker.addresses, topic, load)
      const producer = start([...fill, '--rate', String(rate)])
      const kafka = ['--kafka', broker.addresses, '--topic', topic, '--group', topic]
      const running = start(['run', ...kafka, '--state', state, '--port', '0'])
      try {
        const url = await urlOf(running)
        const durable = await until('a commit', running, () => watchState(state))
        await sleep(Math.min(WARM_UP_MS, 1000 * options.seconds))
        const sights = watchSights(durable, url)
        const before = { records: sum(durable.ends()), at: performance.now() }
        await sendProbes(broker.addresses, topic, options.seconds, sights.add)
        const took = (performance.now() - before.at) / 1000
        const perSecond = Math.round((sum(durable.ends()) - before.records) / took)
        const probes = await sights.allSeen()
        await durable.close()
        if (producer.child.exitCode !== null)
          throw new Error('the load ended before the probes were seen')
        print(probes, perSecond, options)
      } finally {
        await running.end('SIGKILL')
        await producer.end('SIGKILL')
      }
    }),
  )
}

/** One subscriber per partition; its number of records shows which probes a look-up includes. */
const SUBSCRIBERS = Array.from({ length: PARTITIONS }, (_, partition) => {
  let msisdn = FIRST_PROBED
  while (partitionOf(msisdn, PARTITIONS) !== partition) msisdn++
  return msisdn
})

async function sendProbes(
  brokers: string,
  topic: string,
  durationSeconds: number,
  add: (probe: Probe) => void,
): Promise<void> {
  const type = avro.Type.forSchema(XDR_SCHEMA as unknown as avro.Schema, { wrapUnions: true })
  const producer = quietClient({ brokers: brokers.split(',') }).producer({
    allowAutoTopicCreation: false,
  })
  await producer.connect()
  const end = performance.now() + 1000 * durationSeconds
  for (let number = 0; performance.now() < end; number++) {
    const partition = number % PARTITIONS
    const msisdn = SUBSCRIBERS[partition]
    const value = type.toBuffer({ msisdn_number: { long: msisdn } })
    const sentAt = performance.now()
    const message = { partition, key: String(msisdn), value }
    const [{ baseOffset }] = await producer.send({ topic, acks: -1, messages: [message] })
    const records = 1 + Math.floor(number / PARTITIONS)
    // Only one subscriber is looked up: look-ups of several would wait for each other.
    const places: Place[] = ['durable', 'status', ...(partition === 0 ? ['lookup' as const] : [])]
    add({ places, partition, msisdn, records, offset: Number(baseOffset), sentAt, seen: {} })
    await sleep(PROBE_EVERY_MS)
  }
  await producer.disconnect()
}

function print(probes: readonly Probe[], perSecond: number, options: BenchOptions): void {
  const { rate, seconds, subscribers } = options
  const line = (name: string, place: Place): (string | number)[] => {
    const latencies = probes.flatMap(({ seen }) => seen[place] ?? [])
    const shown = [0.5, 0.99, 1].map((share) => (percentile(latencies, share) / 1000).toFixed(2))
    return [name, ...shown]
  }
  printTable(
    `npm run bench -- latency --rate ${rate} --seconds ${seconds} --subscribers ${subscribers}`,
    [
      ['produced until', 'p50 s', 'p99 s', 'longest s'],
      line('durable in the state', 'durable'),
      line('in the status of the API', 'status'),
      line('in a look-up of its subscriber', 'lookup'),
    ],
    [
      `${probes.length} probes during a load of ${perSecond} durable records/s; ${PARTITIONS} partitions;`,
      `the defaults of run: commits every second, snapshots every 3 s. ${loadText()}`,
    ],
  )
}
