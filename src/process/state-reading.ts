// What the threads that read the state share: one view at a time, and answers to requests in turn.
import type { MessagePort } from 'node:worker_threads'
import { followGrowth } from '../../state/follow.ts'
import { openStateToRead, viewState, type ReadableState, type StateView } from '../../state/read.ts'
import { readHeld } from '../../state/store.ts'
import { messageOf, PulseError, troubleOf, type ErrorCode } from '../errors.ts'
import type { ForEachRows } from '../snapshot/lookup.ts'
import { mergedRows } from '../snapshot/merge.ts'
import { throwIfEnding, type ShutdownFlag } from './shutdown.ts'

/** Runs work on one view of the state; returns null while nothing is committed. */
export type InView = <T>(work: (view: StateView) => T) => T | null

/** Reads a state directory, which is opened once it has a state, until the thread is to end. */
export function createReader(stateDirectory: string, shutdown: ShutdownFlag): InView {
  let state: ReadableState | null = null
  return (work) => {
    throwIfEnding(shutdown)
    try {
      if (state === null) state = openStateToRead(stateDirectory)
      else followGrowth(state)
      const view = viewState(state, 'when asked for')
      try {
        return view.counters.commit === 0 && isHeld(state) ? null : work(view)
      } finally {
        view.finish()
      }
    } catch (error) {
      if (error instanceof PulseError && error.code === 'state-missing') return null
      throw error
    }
  }
}

/** False when partitions were given back: without any other the result is empty. */
const isHeld = ({ stores }: ReadableState): boolean => stores.every((store) => readHeld(store))

/** A scan of all rows of a view that throws when the thread is to end. */
export const rowsOf =
  (view: StateView, shutdown: ShutdownFlag): ForEachRows =>
  (visit) =>
    view.scan((rows, count) => {
      throwIfEnding(shutdown)
      visit(rows, count)
    })

/** The same of subscribers: the rows of one that is in several partitions are summed. */
export const subscribersOf = (view: StateView, shutdown: ShutdownFlag): ForEachRows =>
  view.partitions.length > 1 ? mergedRows(rowsOf(view, shutdown)) : rowsOf(view, shutdown)

/** The reply to a request that failed; `code` is null for an internal error. */
export interface FailedReply {
  type: 'failed'
  code: ErrorCode | null
  message: string
}

/** Answers each request by one reply until the message `end`, and calls `onReply` after each. */
export function answerInTurn(
  port: MessagePort,
  answer: (request: unknown) => { type: string },
  onReply: (type: string) => void,
  onEnd: () => void,
): void {
  port.on('message', (request: unknown) => {
    if (request === 'end') {
      port.close()
      onEnd()
      return
    }
    const reply = orFailure(() => answer(request))
    port.postMessage(reply)
    onReply(reply.type)
  })
}

function orFailure<Reply>(answer: () => Reply): Reply | FailedReply {
  try {
    return answer()
  } catch (error) {
    // The only I/O of these threads is reading the state.
    const trouble = troubleOf(error)
    return { type: 'failed', code: trouble?.code ?? null, message: messageOf(trouble ?? error) }
  }
}
