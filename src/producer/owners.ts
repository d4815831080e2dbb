// Who may send the rows of a source: the producer that has claimed its transactional id last.
//
// A run claims the ids of all of its sources. It sends with one of them, the leading one, so that a
// transaction may hold rows of several sources. Kafka itself fences the leading id. For another
// source the run asks for a new epoch of its id after its progress is in the open transaction, and
// commits only if it gets one. A later run first claims the id, then reads the progress, which the
// brokers answer only when no transaction may change it: so either the earlier run is refused, or the
// later one sees its rows.
import { assert, PulseError } from '../errors.ts'
import { authorizationError } from '../kafka/authorization.ts'
import type { KafkaConnection } from '../kafka/client.ts'
import { hasError, type Link } from '../kafka/coordinators.ts'
import { beginningFailed } from '../kafka/no-answer.ts'
import {
  addGroup,
  addPartitions,
  committedOffset,
  endTransaction,
  renew,
  takeOver,
  TRANSACTION_TIMEOUT_MS,
  type GroupOffset,
  type Producer,
} from '../kafka/transactions.ts'
import { aclsOf, fenced, neverEnded } from './errors.ts'
import { nameOf, type Source } from './progress.ts'
import type { Topic } from './topic.ts'

/** The claims of a run. */
export interface Owners {
  connection: KafkaConnection
  link: Link
  topic: Topic
  /** All sources of the run. */
  sources: readonly Source[]
  /** The source whose id the run sends with. */
  leading: Source
  producers: Map<Source, Producer>
}

/** The brokers create their internal topics with the first claim. */
const CLAIM_MS = 30_000
/** A producer that was killed keeps its transaction open so long; brokers look every 10 s. */
const OPEN_TRANSACTION_MS = TRANSACTION_TIMEOUT_MS + 15_000
const MOST_CLAIMS = 3
/** A longer wait is explained. */
const SILENT_MS = 3000
/** Requests at a time. */
const AT_ONCE = 16

/**
 * Claims all sources, and reads how far each is sent.
 *
 * @param onNote receives a sentence when open transactions keep it waiting
 * @throws PulseError `kafka` when the brokers do not answer, or do not end a transaction
 */
export async function claimWithOffsets(
  connection: KafkaConnection,
  link: Link,
  topic: Topic,
  sources: readonly Source[],
  onNote: (sentence: string) => void,
): Promise<{ owners: Owners; offsets: (GroupOffset | null)[] }> {
  let timer: NodeJS.Timeout | undefined
  try {
    const owners = await claimAll(connection, link, topic, sources)
    timer = setTimeout(onNote, SILENT_MS, waitingText(topic))
    return { owners, offsets: await committedOf(owners, sources) }
  } catch (error) {
    throw error instanceof PulseError ? error : beginningFailed(connection.brokers, error)
  } finally {
    clearTimeout(timer)
  }
}

const waitingText = ({ name }: Topic): string =>
  `waiting for the end of a transaction that holds rows of these files in topic "${name}": the ` +
  `brokers end it within ${OPEN_TRANSACTION_MS / 1000} s`

/** Claims all sources; earlier producers of them are refused from now on. */
async function claimAll(
  connection: KafkaConnection,
  link: Link,
  topic: Topic,
  sources: readonly Source[],
): Promise<Owners> {
  const [leading] = [...sources].sort((a, b) => (a.id < b.id ? -1 : 1))
  const producers = new Map<Source, Producer>()
  const owners: Owners = { connection, link, topic, sources, leading, producers }
  // One first: the brokers create their internal topic for it.
  await claim(owners, leading)
  await each(
    sources.filter((source) => source !== leading),
    (source) => claim(owners, source),
  )
  return owners
}

/**
 * Claims a source, also when another producer owns it. The request of that producer, when it learns
 * of the claim, can abort what is open: then the source is claimed again.
 *
 * @throws PulseError `kafka` when other producers claim it each time
 */
export async function claim(owners: Owners, source: Source): Promise<void> {
  const { link, topic } = owners
  for (let claims = 1; ; claims++) {
    const producer = await allowed(topic, takeOver(link, nameOf(source, topic), CLAIM_MS))
    try {
      await endAgain(owners, source, producer)
      return
    } catch (error) {
      if (!isFencing(error)) throw error
      if (claims === MOST_CLAIMS) throw fenced(topic.name, source.path)
    }
  }
}

/** Asks for a new epoch of the leading producer. */
export async function renewLeading(owners: Owners): Promise<void> {
  const { link, leading } = owners
  await endAgain(owners, leading, await renew(link, ownerOf(owners, leading)))
}

/**
 * Keeps a producer with a new epoch, and ends the transaction before it once more.
 *
 * A broker that is killed after its coordinator has decided the end of a transaction, and before the
 * markers of that end are written, loses them: after its restart it reports the transaction as
 * complete without writing them (seen with Kafka 4.3.1). Its rows and its progress would be withheld
 * from readers of committed rows for good. An empty transaction with the same end and the same
 * partitions writes the markers; where they are written, it changes nothing.
 *
 * A run keeps the progress of all of its sources in transactions of its leading one, so the same command
 * ends those of all; of another source this covers its own progress only.
 */
async function endAgain(owners: Owners, source: Source, producer: Producer): Promise<void> {
  const { link, topic, producers, leading } = owners
  producers.set(source, producer)
  if (producer.before === null) return
  const partitions = Array.from({ length: topic.partitions }, (_, partition) => partition)
  await addPartitions(link, producer, topic.name, partitions)
  const kept = source === leading ? owners.sources : [source]
  for (const one of kept) await addGroup(link, producer, nameOf(one, topic))
  await endTransaction(link, producer, producer.before)
}

/**
 * Asks for a new epoch of a source's producer.
 *
 * @throws PulseError `kafka` when another run has claimed the source since
 */
export async function keep(owners: Owners, source: Source): Promise<void> {
  const { link, topic, producers } = owners
  try {
    producers.set(source, await renew(link, ownerOf(owners, source)))
  } catch (error) {
    if (isFencing(error)) throw fenced(topic.name, source.path)
    throw error
  }
}

/** The producer of a source that was claimed. */
export function ownerOf({ producers }: Owners, source: Source): Producer {
  const producer = producers.get(source)
  assert(producer !== undefined, 'a source is claimed before it is sent')
  return producer
}

/** True for the answer to a producer whose id another one has claimed. */
export const isFencing = (error: unknown): boolean =>
  hasError(error, 'PRODUCER_FENCED') || hasError(error, 'INVALID_PRODUCER_EPOCH')

/**
 * The committed offsets of sources, once no open transaction may change them; null for none.
 *
 * @throws PulseError `kafka` when a transaction is open for longer than the brokers allow
 */
export async function committedOf(
  { link, topic }: Pick<Owners, 'link' | 'topic'>,
  sources: readonly Source[],
  withinMs = OPEN_TRANSACTION_MS,
): Promise<(GroupOffset | null)[]> {
  return each(sources, async (source) => {
    const name = nameOf(source, topic)
    try {
      return await allowed(topic, committedOffset(link, name, topic.name, 0, withinMs))
    } catch (error) {
      throw hasError(error, 'UNSTABLE_OFFSET_COMMIT') ? neverEnded(topic.name, source.path) : error
    }
  })
}

async function allowed<T>({ name }: Topic, asked: Promise<T>): Promise<T> {
  try {
    return await asked
  } catch (error) {
    throw authorizationError(error, aclsOf(name, 'READ')) ?? error
  }
}

/** Does something for each item, a few at a time; the results are in order. */
async function each<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  for (let from = 0; from < items.length; from += AT_ONCE) {
    results.push(...(await Promise.all(items.slice(from, from + AT_ONCE).map(work))))
  }
  return results
}
