// Operating trouble: one error type with a code of a closed list and a sentence that helps.

/** Every kind of operating trouble there is; `usage` exits with 2, all others with 1. */
export type ErrorCode =
  | 'usage'
  | 'input-missing'
  | 'input-invalid'
  | 'input-column'
  | 'output'
  | 'state-missing'
  | 'state-options'
  | 'state-version'
  | 'state-locked'
  | 'state-corrupt'
  | 'store-failed'
  | 'not-found'
  | 'verify-differs'
  | 'kafka'
  | 'port'
  | 'runtime'
  | 'system'

/** Trouble that is not our bug: the message says subject, found, expected and what to do. */
export class PulseError extends Error {
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'PulseError'
    this.code = code
  }
}

/** What a thrown value says, whatever it is. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** The message of the innermost cause: the errors around it only report that something failed. */
export function rootMessageOf(error: unknown): string {
  const outer = error as { cause?: unknown; errors?: unknown[] } | null | undefined
  const inner = outer?.cause ?? outer?.errors?.at(-1)
  return inner instanceof Error ? rootMessageOf(inner) : messageOf(error)
}

/**
 * Operating trouble as it is, what the operating system refused as such (no rights, a file in place
 * of a directory), and what LMDB did, whose errors have a number; null for a bug of ours.
 */
export function troubleOf(error: unknown): PulseError | null {
  if (error instanceof PulseError) return error
  if (!(error instanceof Error && 'code' in error)) return null
  if ('syscall' in error) {
    return new PulseError('system', `${error.message}; check that path and its rights`, error)
  }
  // Those of the DOM have one as well, and names of their own.
  if (error.name !== 'Error' || typeof error.code !== 'number') return null
  const advice = 'see that its volume works, or read its sources into a new directory'
  return new PulseError(
    'store-failed',
    `the state cannot be used (${error.message}); ${advice}`,
    error,
  )
}

/** What another thread told: operating trouble by its code, a bug of ours without one. */
export const errorOf = (code: ErrorCode | null, message: string): Error =>
  code === null ? new Error(message) : new PulseError(code, message)

/** Ends the process's belief that all is well: our own bug, never the input's. */
export function assert(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(`assertion failed: ${what}`)
}
