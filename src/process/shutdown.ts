// Ends a thread that reads the state.
//
// Such a thread ends by itself: LMDB's binding aborts the whole process if a thread is terminated
// inside LMDB, or before the binding's timers have run. Only a pure computation, which may take
// seconds, is terminated.

const RUNNING = 0
const COMPUTING = 1
const ENDING = 2

/** The phase of a thread (running, computing or ending), shared with the thread that ends it. */
export type ShutdownFlag = Int32Array<SharedArrayBuffer>

/** A flag for a thread that is about to start, in the phase running. */
export const createShutdownFlag = (): ShutdownFlag =>
  new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))

/** Called by the thread, often while it reads: throws when the thread is to end. */
export function throwIfEnding(flag: ShutdownFlag): void {
  if (Atomics.load(flag, 0) === ENDING) throw new Error('the snapshot thread has ended')
}

/**
 * Called by the thread: runs `compute`, during which the thread may be terminated at any point, and
 * returns its result. Throws when the thread is to end.
 */
export function computeInterruptibly<T>(flag: ShutdownFlag, compute: () => T): T {
  Atomics.compareExchange(flag, 0, RUNNING, COMPUTING)
  throwIfEnding(flag)
  try {
    return compute()
  } finally {
    Atomics.compareExchange(flag, 0, COMPUTING, RUNNING)
    // If the flag is ENDING, the thread is being terminated: it must not do anything else until then.
    Atomics.wait(flag, 0, ENDING)
  }
}

/**
 * Called once by the thread that ends another one. Returns true if the other thread must be
 * terminated, false if it ends by itself.
 */
export const requestEnd = (flag: ShutdownFlag): boolean =>
  Atomics.exchange(flag, 0, ENDING) === COMPUTING
