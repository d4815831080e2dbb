// Memory of answers that have been read, for the next answers.
//
// An answer of megabytes comes in pieces and is copied once. New memory for each of them costs page
// faults, and drives V8's garbage collection.

/** Two answers are in memory: one that is read, and one that arrives meanwhile. */
const MOST_FREE = 2
/** Smaller answers are not worth it. */
const LEAST_BYTES = 2 ** 16
/** Sizes are rounded up to this, so that answers of about one size share their memory. */
const STEP_BYTES = 2 ** 20

/** Buffers that nothing refers to. */
export type FetchMemory = Buffer[]

/** Returns memory of at least `size` bytes, with any content. */
export function takeMemory(free: FetchMemory, size: number): Buffer {
  const at = free.findIndex(({ length }) => length >= size)
  if (at >= 0) return free.splice(at, 1)[0]
  if (size < LEAST_BYTES) return Buffer.allocUnsafe(size)
  // Too small for what is fetched now.
  if (free.length > 0) free.shift()
  return Buffer.allocUnsafeSlow(Math.ceil(size / STEP_BYTES) * STEP_BYTES)
}

/** Gives memory back: nothing may refer to it any more. */
export function returnMemory(free: FetchMemory, memory: Buffer): void {
  if (memory.length >= LEAST_BYTES && free.length < MOST_FREE) free.push(memory)
}
