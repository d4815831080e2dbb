// The script of the thread that publishes checkpoints, beside ingest and from views of its own.
import { setTimeout as sleep } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { assert, failureOf, rootMessageOf } from '../../src/errors.ts'
import { closeLink, openLink } from '../../src/kafka/coordinators.ts'
import { createFetcher } from '../../src/kafka/fetch.ts'
import { openPartition } from '../../state/store.ts'
import type { ChangelogData, FromChangelog, ToChangelog } from './messages.ts'
import { beginPublishing, claimPartition, type Published, type PublisherContext } from './claim.ts'
import { publish } from './publisher.ts'
import { prepareChangelog } from './topics.ts'

assert(parentPort !== null, 'the changelog thread is started as a worker thread')
const port = parentPort
const data = workerData as ChangelogData
const { connection, prefix, stateDirectory, options } = data
const send = (message: FromChangelog): void => port.postMessage(message)
const noted = new Set<string>()
const describe = () =>
  prepareChangelog(connection, prefix, options.partitions, (sentence) => {
    if (!noted.has(sentence)) send({ type: 'note', sentence })
    noted.add(sentence)
  })

const partitions = new Map<number, Published>()
/** One after the other: requests and checkpoints never overlap. */
let work: Promise<unknown> = Promise.resolve()
let context: PublisherContext | null = null
let ended = false

async function contextOf(): Promise<PublisherContext> {
  context ??= {
    ...{ link: openLink(connection), fetcher: createFetcher(connection), describe, options },
    ...{ topics: await describe(), idPrefix: `${prefix}.`, member: data.member },
    intervalMs: data.intervalMs,
  }
  return context
}

async function answer(message: ToChangelog): Promise<void> {
  const { id } = message
  try {
    const claimed = message.type === 'claim' ? await claim(message.partition, message.count) : null
    if (message.type === 'begin') {
      const { partition, identity, since } = message
      const published = partitions.get(partition)
      const store = openPartition(stateDirectory, partition, 'read')
      if (published !== undefined) beginPublishing(published, store, identity, since)
    }
    if (message.type === 'release') await release(message.partition)
    if (message.type === 'end') await end()
    send({ type: 'answer', id, claimed })
  } catch (error) {
    send({ type: 'refusal', id, failure: failureOf(error) })
  }
}

async function claim(partition: number, count: number) {
  // The topic that is read has gained partitions: the changelog grows with it.
  if (count > options.partitions) {
    options.partitions = count
    if (context !== null) context.topics = await describe()
  }
  const shared = await contextOf()
  const before = partitions.get(partition)
  partitions.delete(partition)
  await before?.store?.environment.close()
  const published = await claimPartition(shared, partition)
  partitions.set(partition, published)
  return { topics: shared.topics, newest: published.newest }
}

/** Publishes what is left, and forgets the partition. */
async function release(partition: number): Promise<void> {
  const published = partitions.get(partition)
  if (published === undefined) return
  await checkpoint(published)
  partitions.delete(partition)
  await published.store?.environment.close()
}

async function end(): Promise<void> {
  ended = true
  for (const partition of [...partitions.keys()]) await release(partition)
  await context?.fetcher.close()
  if (context !== null) await closeLink(context.link)
}

/** Publishes a checkpoint; a failure is reported, and tried again with the next one. */
async function checkpoint(published: Published): Promise<void> {
  const { partition } = published
  try {
    const report = await publish(await contextOf(), published, Date.now())
    if (report !== null) send({ type: 'checkpoint', partition, report })
  } catch (error) {
    if (published.fenced) {
      partitions.delete(partition)
      await published.store?.environment.close()
      send({ type: 'fenced', partition })
    } else send({ type: 'trouble', partition, sentence: rootMessageOf(error) })
  }
}

async function publishAll(): Promise<void> {
  while (!ended) {
    await sleep(data.intervalMs)
    for (const published of partitions.values()) {
      work = work.then(() => (partitions.has(published.partition) ? checkpoint(published) : null))
    }
    await work
  }
}

port.on('message', (message: ToChangelog) => {
  work = work
    .then(() => answer(message))
    .then(() => {
      // Nothing else keeps the thread.
      if (message.type === 'end') process.exit()
    })
})
await publishAll()
