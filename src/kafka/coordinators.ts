// Requests to coordinators: the brokers that keep the offsets of a group, and the transactions of a
// producer. They are found by name, and move when brokers go.
import { setTimeout as sleep } from 'node:timers/promises'
import {
  Admin,
  clientOptions,
  findCoordinatorV4,
  findErrorBy,
  openPool,
  type Broker,
  type Connection,
  type ConnectionPool,
  type KafkaConnection,
} from './client.ts'

/** Connections of one client, and the coordinators that it knows. */
export interface Link {
  admin: Admin
  pool: ConnectionPool
  openPool: () => ConnectionPool
  /** By kind and name. */
  coordinators: Map<string, Broker>
}

/** What a coordinator coordinates, with its number in FindCoordinator. */
const KINDS = { group: 0, transaction: 1 } as const

/** The kind of a coordinator. */
export type CoordinatorKind = keyof typeof KINDS

/** A response takes longer only when the broker is away. */
const REQUEST_TIMEOUT_MS = 30_000

/**
 * Errors that pass by themselves, and the wait before the next request. CONCURRENT_TRANSACTIONS is
 * normal right after the end of a transaction, until its markers are written.
 */
const PASSING: readonly (readonly [id: string, waitMs: number])[] = [
  ['CONCURRENT_TRANSACTIONS', 5],
  ['UNSTABLE_OFFSET_COMMIT', 50],
  ['COORDINATOR_LOAD_IN_PROGRESS', 50],
  ['COORDINATOR_NOT_AVAILABLE', 50],
  ['NOT_COORDINATOR', 50],
]

/** Connections that are opened with the first request. */
export function openLink(connection: KafkaConnection): Link {
  const open = (): ConnectionPool => openPool(connection, REQUEST_TIMEOUT_MS)
  const admin = new Admin({ ...clientOptions(connection), retries: 0 })
  return { admin, pool: open(), openPool: open, coordinators: new Map() }
}

/** Closes all connections; the next request opens new ones and finds its coordinator anew. */
export async function resetLink(link: Link): Promise<void> {
  const old = link.pool
  link.pool = link.openPool()
  link.coordinators.clear()
  await old.close().catch(() => undefined)
}

/** Closes all connections. */
export async function closeLink({ admin, pool }: Link): Promise<void> {
  await Promise.allSettled([pool.close(), admin.close()])
}

/**
 * Sends a request to the coordinator of a name, again while its error passes by itself.
 *
 * @param withinMs after this time the error is thrown
 */
export async function ask<T>(
  link: Link,
  kind: CoordinatorKind,
  name: string,
  withinMs: number,
  send: (connection: Connection) => Promise<T>,
): Promise<T> {
  for (const end = Date.now() + withinMs; ;) {
    try {
      const coordinator = await coordinatorOf(link, kind, name)
      return await send(await link.pool.get(coordinator))
    } catch (error) {
      const passing = PASSING.find(([id]) => hasError(error, id))
      if (passing === undefined || Date.now() > end) throw error
      if (passing[0].includes('COORDINATOR')) link.coordinators.delete(`${kind} ${name}`)
      await sleep(passing[1])
    }
  }
}

/** True when an error of the package carries this error of the protocol. */
export const hasError = (error: unknown, id: string): boolean =>
  error instanceof Error && findErrorBy(error, 'apiId', id) !== null

async function coordinatorOf(link: Link, kind: CoordinatorKind, name: string): Promise<Broker> {
  const key = `${kind} ${name}`
  const known = link.coordinators.get(key)
  if (known !== undefined) return known
  // Brokers that are known from before may all be away, and others back.
  const { brokers } = await link.admin.metadata({ topics: [], forceUpdate: true })
  const connection = await link.pool.getFirstAvailable([...brokers.values()])
  const { coordinators } = await findCoordinatorV4.api.async(connection, KINDS[kind], [name])
  const [{ host, port }] = coordinators
  const found = { host, port }
  link.coordinators.set(key, found)
  return found
}
