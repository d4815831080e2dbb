// Sends groups of record batches, each in one transaction that also commits the progress of its rows.
//
// The package's own Producer is not used. It takes 3.5 to 5 microseconds to write a record with two
// headers, more than DuckDB takes to decode the row (this folder takes about 0.4), and its
// transactions let an earlier producer win (see src/kafka/transactions.ts).
//
// Whatever fails within a transaction, it is sent again as a whole: a new epoch of the producer
// aborts what was begun, and the committed progress shows whether it had been committed after all.
// One transaction is in flight at a time, so rows of a partition stay in the order of the calls.
import { performance } from 'node:perf_hooks'
import { authorizationError } from '../kafka/authorization.ts'
import { PulseError, rootMessageOf } from '../errors.ts'
import { resetLink } from '../kafka/coordinators.ts'
import { BROKER_RETRY, createBackoff, waitToRetry } from '../kafka/retry.ts'
import { endTransaction, TRANSACTION_TIMEOUT_MS } from '../kafka/transactions.ts'
import { aclsOf, brokersUnavailable, fenced, progressLost } from './errors.ts'
import { claim, committedOf, isFencing, ownerOf, renewLeading, type Owners } from './owners.ts'
import { isSame, nameOf, progressOf } from './progress.ts'
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
   */
  send(group: Group): Promise<void>
  /** Aborts a transaction that is open. */
  close(): Promise<void>
}

/** A sender with the claims of a run. */
export function createGroupSender(owners: Owners, listener: SenderListener): GroupSender {
  const { link } = owners
  const session = openSession(owners)
  return {
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
  let failingSince: number | null = null
  for (;;) {
    const trouble = await attempt(session, group)
    if (trouble === null) break
    failingSince ??= Date.now()
    listener.onTrouble(`topic "${name}": ${trouble}; retrying`)
    if (Date.now() - failingSince > listener.patienceMs()) throw brokersUnavailable(name, trouble)
    session.leadersMoved = true
    await resetLink(session.link)
    await waitToRetry(backoff)
  }
  if (failingSince !== null) listener.onRecovered((Date.now() - failingSince) / 1000)
}

/** Returns what went wrong; null when the group is committed. */
async function attempt(session: Session, group: Group): Promise<string | null> {
  const isFirst = session.openSinceMs === null
  try {
    if (isFirst || !(await isCommitted(session, group))) await transact(session, group)
    session.openSinceMs = null
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

/** Ends the doubt about a transaction: aborts it if it is open, and looks at what was committed. */
async function isCommitted(session: Session, { steps }: Group): Promise<boolean> {
  const { owners } = session
  await regain(session)
  const found = await committedOf(
    owners,
    steps.map(({ source }) => source),
  )
  const now = steps.map(({ source }, at) => progressOf(found[at], source, owners.topic))
  if (steps.every(({ progress }, at) => isSame(progress, now[at]))) return true
  for (const [at, { source, former }] of steps.entries()) {
    const [rows, confirmed] = [now[at]?.rows ?? Infinity, former?.rows ?? 0]
    if (rows >= confirmed) continue
    const { topic } = owners
    const lost = { path: source.path, group: nameOf(source, topic), rows, confirmed }
    throw progressLost(topic.name, lost)
  }
  const other = steps.find(({ former }, at) => now[at] !== null && !isSame(former, now[at]))
  if (other !== undefined) throw fenced(owners.topic.name, other.source.path)
  return false
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
