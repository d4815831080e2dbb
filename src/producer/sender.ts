// Sends groups of record batches, each in one transaction that also commits the progress of its rows.
//
// The package's own Producer is not used. It takes 3.5 to 5 microseconds to write a record with two
// headers, more than DuckDB takes to decode the row (this folder takes about 0.4), and its
// transactions let an earlier producer win (see src/kafka/transactions.ts).
//
// Whatever fails within a transaction, it is sent again as a whole: a new epoch of the producer
// aborts what was begun, and the committed progress shows whether it had been committed after all.
// Brokers that stop can lose the end of a transaction that they have confirmed (Kafka 4.3.1, one broker
// stopped by SIGTERM): then the topic's records show which rows it holds.
// One transaction is in flight at a time, so rows of a partition stay in the order of the calls.
import { performance } from 'node:perf_hooks'
import { authorizationError } from '../kafka/authorization.ts'
import { PulseError, rootMessageOf } from '../errors.ts'
import { resetLink } from '../kafka/coordinators.ts'
import { BROKER_RETRY, createBackoff, waitToRetry } from '../kafka/retry.ts'
import { endTransaction, TRANSACTION_TIMEOUT_MS } from '../kafka/transactions.ts'
import { aclsOf, brokersUnavailable, fenced, rowsInDoubt } from './errors.ts'
import type { Step } from './follow.ts'
import { claim, committedOf, isFencing, ownerOf, renewLeading, type Owners } from './owners.ts'
import { isSame, progressOf, type Progress } from './progress.ts'
import { countVisible, type Range } from './topic-records.ts'
import { openSession, transact, type Group, type Session } from './transaction.ts'

/** What a sender reports: a sentence when sending stops, and when it continues. */
export interface SenderListener {
  onTrouble(sentence: string): void
  onRecovered(seconds: number): void
  /** Milliseconds without any success after which the sender gives up. */
  patienceMs(): number
}

/** Sends groups to one topic. */
export interface GroupSender {
  /**
   * Resolves when the group is committed. Call it again only after that.
   *
   * @throws PulseError `kafka` when the brokers reject a batch, when another producer has taken over,
   *   or after `patienceMs`
   * @throws PulseError with a doubt when the brokers have lost rows or progress that they had confirmed
   */
  send(group: Group): Promise<void>
  /** When sending began to fail (`Date.now()`); null while it works. */
  failingSince(): number | null
  /** Aborts a transaction that is open. */
  close(): Promise<void>
}

/** A sender with the claims of a run; `failingSince` is that of the sender before it. */
export function createGroupSender(
  owners: Owners,
  listener: SenderListener,
  failingSince: number | null,
): GroupSender {
  const { link } = owners
  const session = { ...openSession(owners), failingSince }
  return {
    failingSince: () => session.failingSince,
    send: (group) => send(session, group, listener),
    async close() {
      if (session.openSinceMs === null) return
      // Without it readers of committed rows would wait for the brokers to do it.
      const leading = ownerOf(owners, owners.leading)
      await endTransaction(link, leading, 'abort').catch(() => undefined)
    },
  }
}

async function send(session: Session, group: Group, listener: SenderListener): Promise<void> {
  const { name } = session.owners.topic
  const backoff = createBackoff(BROKER_RETRY)
  for (;;) {
    const trouble = await attempt(session, group)
    if (trouble === null) break
    session.failingSince ??= Date.now()
    listener.onTrouble(`topic "${name}": ${trouble}; retrying`)
    if (Date.now() - session.failingSince > listener.patienceMs())
      throw brokersUnavailable(name, trouble)
    session.leadersMoved = true
    await resetLink(session.link)
    await waitToRetry(backoff)
  }
  if (session.failingSince === null) return
  listener.onRecovered((Date.now() - session.failingSince) / 1000)
  session.failingSince = null
}

/** Returns what went wrong; null when the group is committed. */
async function attempt(session: Session, group: Group): Promise<string | null> {
  const isFirst = session.openSinceMs === null
  try {
    if (isFirst || !(await isCommitted(session, group))) await transact(session, group)
    session.openSinceMs = null
    // A transaction of progress alone leaves the records of the one before.
    if (session.open.length > 0) session.committed = session.open
    session.open = []
    return null
  } catch (error) {
    if (error instanceof PulseError) throw error
    const denied = authorizationError(error, aclsOf(session.owners.topic.name, 'WRITE'))
    if (denied !== null) throw denied
    // The next attempt asks who the owner is, at once.
    if (isFirst && isFencing(error)) return attempt(session, group)
    return rootMessageOf(error)
  }
}

/**
 * Ends the doubt about a transaction: aborts it if it is open, and looks at what was committed.
 *
 * @throws PulseError with a doubt when the brokers have lost the end of a transaction that they had confirmed
 */
async function isCommitted(session: Session, { steps }: Group): Promise<boolean> {
  const { owners, committed, open } = session
  await regain(session)
  const found = await committedOf(
    owners,
    steps.map(({ source }) => source),
  )
  const now = steps.map(({ source }, at) => progressOf(found[at], source, owners.topic))
  const done = steps.every(({ progress }, at) => isSame(progress, now[at]))
  if (!done) requireFormer(session, steps, now)
  await requireVisible(session, steps, done ? [...committed, ...open] : committed)
  return done
}

/** Requires that the progress is the one before these steps. */
function requireFormer(
  { owners: { topic } }: Session,
  steps: readonly Step[],
  now: readonly (Progress | null)[],
): void {
  for (const [at, { source, former }] of steps.entries()) {
    if (isSame(former, now[at])) continue
    const [rows, confirmed] = [now[at]?.rows ?? 0, former?.rows ?? 0]
    if (rows > confirmed) throw fenced(topic.name, source.path)
    const what = `the brokers show ${rows} of its rows as sent, and have confirmed ${confirmed}`
    throw rowsInDoubt(source.path, what, 'latest')
  }
}

/** Requires that readers of committed records see those of confirmed transactions. */
async function requireVisible(
  { owners: { connection, topic } }: Session,
  [{ source }]: readonly Step[],
  ranges: readonly Range[],
): Promise<void> {
  const counts = await countVisible(connection, topic, ranges).catch((error: unknown) => {
    // Brokers that have just started answer later.
    throw new Error(rootMessageOf(error))
  })
  const at = ranges.findIndex(({ from, to }, range) => counts[range] < to - from)
  if (at === -1) return
  const { partition, from, to } = ranges[at]
  const what =
    `partition ${partition} shows ${counts[at]} of the ${to - from} records from offset ` +
    `${from} on that the brokers have confirmed`
  throw rowsInDoubt(source.path, what, 'latest')
}

/** Gets a new epoch of the leading producer. */
async function regain(session: Session): Promise<void> {
  const { owners, openSinceMs } = session
  const { leading, topic } = owners
  try {
    await renewLeading(owners)
  } catch (error) {
    if (!isFencing(error)) throw error
    // Brokers that abort a transaction after its time-out refuse its producer as well. If another
    // one took over in that time, the committed progress shows it.
    const openMs = performance.now() - (openSinceMs ?? performance.now())
    if (openMs < TRANSACTION_TIMEOUT_MS) throw fenced(topic.name, leading.path)
    await claim(owners, leading)
  }
  session.sequences.clear()
}
