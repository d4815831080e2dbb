// How a thread that reads the state is ended: by itself, as LMDB's binding aborts the whole process
// when a thread is cut off while it is inside, or before its timers have run. Only what computes
// alone, which may take seconds, is cut off.

const RUNNING = 0
const COMPUTING = 1
const ENDING = 2

/** What a thread is at, shared with who may end it. */
export type ShutdownFlag = Int32Array<SharedArrayBuffer>

export const createShutdownFlag = (): ShutdownFlag =>
  new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))

/** For the thread, now and then while it reads: throws when it is to end. */
export function throwIfEnding(stay: ShutdownFlag): void {
  if (Atomics.load(stay, 0) === ENDING) throw new Error('the snapshot thread has ended')
}

/** For the thread: does what may be cut off at any point. Throws when it is to end. */
export function computeInterruptibly<T>(stay: ShutdownFlag, compute: () => T): T {
  Atomics.compareExchange(stay, 0, RUNNING, COMPUTING)
  throwIfEnding(stay)
  try {
    return compute()
  } finally {
    Atomics.compareExchange(stay, 0, COMPUTING, RUNNING)
    // It is being cut off, and must not come to anything else before that.
    Atomics.wait(stay, 0, ENDING)
  }
}

/** For who ends it, once: true when the thread is to be cut off, false when it ends by itself. */
export const requestEnd = (stay: ShutdownFlag): boolean =>
  Atomics.exchange(stay, 0, ENDING) === COMPUTING
