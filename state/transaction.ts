// A write transaction of a partition: all that is written to a store after its stamp goes through it.
import { PulseError } from '../src/errors.ts'
import type { Environment, OpenedEnvironment } from './environment.ts'
import { writeErrorText } from './write-error.ts'

/** The part of a store that a write needs. */
interface WritableStore {
  directory: string
  environment: Environment
  undoing: OpenedEnvironment['undoing']
  /** Throws when another process has taken over the lock. */
  requireLock: () => void
}

/**
 * Runs one transaction; on return it is durable.
 *
 * @throws whatever `work` or LMDB throws
 */
export const writeTransaction = (
  { environment, undoing }: Pick<WritableStore, 'environment' | 'undoing'>,
  work: () => void,
): void => undoing(() => environment.transactionSync(work))

/**
 * Runs `work` in one transaction, which is durable on return. An error leaves the store unchanged,
 * or with all of the transaction: the process must end and restore from the store.
 *
 * @throws PulseError `store-failed` for any error of the store, `state-locked` without the lock
 */
export function writeDurably(store: WritableStore, work: () => void): void {
  const { directory } = store
  store.requireLock()
  try {
    writeTransaction(store, work)
  } catch (error) {
    throw new PulseError(
      'store-failed',
      `${directory}: the commit failed (${writeErrorText(directory, error)}); ` +
        'check that the volume works and has space, then start again: earlier commits are intact',
      error,
    )
  }
}
