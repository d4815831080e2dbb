// Row 18: many live clients, some of which never read, while rows arrive as fast as they can.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { statusBytes } from '../../../bench/process.ts'
import { uniqueName } from '../../broker-operations.ts'
import { start, type Running } from '../../e2e/command.ts'
import {
  assertUnion,
  filled,
  makeSample,
  startFilling,
  type Sample,
} from '../../e2e/kafka-durable.ts'
import { allRead, withMembers } from '../../e2e/kafka-member.ts'
import { sharedBroker } from '../../shared-broker.ts'
import type { FaultContext, FaultRow } from '../fault-row.ts'

const CLIENTS = join(import.meta.dirname, '../../../bench/live-clients.ts')
const PARTITIONS = 3
const ROWS = 60_000
const READERS = 500
const STALLED = 100
/** What 500 readers may add to the memory of a process; each stalled one would hold every event. */
const MOST_MORE_BYTES = 300 * 2 ** 20

/** One run: its rate, memory, and what its clients got. */
interface Watched {
  rowsPerSecond: number
  mostBytes: number
  open: number
  heardBytes: number
}

/** Reads a new topic with some live clients; asserts that the state is that of a replay. */
async function watched(
  context: FaultContext,
  sample: Sample,
  clients: number,
  stalled: number,
): Promise<Watched> {
  const broker = await sharedBroker()
  const [topic, group] = ['live', 'group'].map(uniqueName)
  await broker.createTopic(topic, { partitions: PARTITIONS })
  let visitors: Running | null = null
  const found: Watched[] = []
  await withMembers(async (begin) => {
    try {
      const state = join(context.directory, topic)
      const where = { brokers: broker.bootstrap, topic, group, state }
      const member = begin({ ...where, more: ['--snapshot-interval', '200ms'] })
      const [, url] = await member.running.prints(/API and metrics at (http:\/\/[\d.:]+)/)
      if (clients > 0) {
        const argv = [CLIENTS, url, String(clients), String(stalled)]
        visitors = start(process.execPath, argv)
        await visitors.prints(/joined/)
      }
      await member.when('partitions', ({ consumer }) => consumer.partitions.length === PARTITIONS)
      const filling = startFilling(broker.bootstrap, topic, sample, PARTITIONS)
      await filled(filling)
      await allRead([member], sample.rows)
      const looks = member.looks().filter(({ counters }) => counters.rows > 0)
      const end = looks.find(({ counters }) => counters.rows === sample.rows) ?? looks[0]
      const seconds = Math.max(1, end.atMs - looks[0].atMs) / 1000
      const mostBytes = statusBytes(member.running.process.pid ?? 0, 'VmHWM')
      const { open, bytes } = await heard(visitors)
      found.push({ rowsPerSecond: sample.rows / seconds, mostBytes, open, heardBytes: bytes })
      const { code, stderr } = await member.end('SIGTERM')
      assert.equal(code, 0, stderr)
      await assertUnion([state], sample)
      context.held('I1', 'I3', 'I5')
    } finally {
      visitors?.kill()
    }
  })
  return found[0]
}

/** Ends the clients, and returns what they report. */
async function heard(visitors: Running | null): Promise<{ open: number; bytes: number }> {
  if (visitors === null) return { open: 0, bytes: 0 }
  visitors.process.kill('SIGTERM')
  const { stdout } = await visitors.ended
  const last = stdout.trim().split('\n').at(-1) ?? ''
  return JSON.parse(last) as { open: number; bytes: number }
}

const mebibytes = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MiB`
const rate = ({ rowsPerSecond }: Watched): string =>
  `${Math.round(rowsPerSecond).toLocaleString('en')} rows/s`

/** Row 18. */
export const manyClients: FaultRow = {
  number: 18,
  title: 'many or slow live clients',
  how: `${READERS} clients of the live stream, of which ${STALLED} never read, while a topic is filled and read`,
  holds: ['I1', 'I3', 'I5'],
  also: 'memory is bounded; the rates are those of production and reading together, with and without clients',
  needs: ['kafka'],
  reaches: ['clients are connected', 'clients receive events'],
  shortRounds: 1,
  async run(context) {
    const size = { rows: ROWS, subscribers: 5000 }
    const sample = await makeSample(context.directory, PARTITIONS, size)
    for (const { number, random } of context.rounds()) {
      const stalled = number === 0 ? STALLED : Math.floor(random() * READERS)
      const alone = await watched(context, sample, 0, 0)
      const shared = await watched(context, sample, READERS, stalled)
      const more = shared.mostBytes - alone.mostBytes
      assert.ok(more < MOST_MORE_BYTES, `${more} more bytes of memory at most`)
      context.reached('clients are connected', shared.open)
      if (shared.heardBytes > 0) context.reached('clients receive events')
      context.figure('without clients', `${rate(alone)} and ${mebibytes(alone.mostBytes)}`)
      context.figure('with them', `${rate(shared)} and ${mebibytes(shared.mostBytes)}`)
    }
  },
}
