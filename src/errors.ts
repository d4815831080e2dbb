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
  | 'port'
  | 'runtime'

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

/** Ends the process's belief that all is well: our own bug, never the input's. */
export function assert(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(`assertion failed: ${what}`)
}
