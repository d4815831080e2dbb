// Operating errors: one error type with a code of a closed list, and a message that helps.
import { errnoOf, errnoSentence, errnoSubject } from './errno.ts'

/** The kinds of operating errors; `usage` exits with 2, all others with 1. */
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

/**
 * An operating error, as opposed to an internal error. The message names the subject, what was
 * found, what was expected and what to do.
 */
export class PulseError extends Error {
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'PulseError'
    this.code = code
  }
}

/** The message of a thrown value; of a value that is not an error, its string. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** A text of up to `most` letters: what a message, a schema or an answer holds may have any length. */
export const shorten = (text: string, most: number): string =>
  text.length <= most ? text : `${text.slice(0, most - 1)}…`

/**
 * What an internal error is and where it was thrown, without its message: the message may hold a
 * value that was decoded.
 */
export function placeOfError(error: unknown): string {
  if (!(error instanceof Error)) return 'an error'
  const place = /([\w.-]+\.[jt]s):(\d+)/.exec(error.stack?.slice(error.message.length) ?? '')
  return place === null ? error.name : `${error.name} at ${place[1]}:${place[2]}`
}

/** The message of the innermost cause: outer errors often report only that an operation failed. */
export function rootMessageOf(error: unknown): string {
  const outer = error as { cause?: unknown; errors?: unknown[] } | null | undefined
  const inner = outer?.cause ?? outer?.errors?.at(-1)
  return inner instanceof Error ? rootMessageOf(inner) : messageOf(error)
}

/**
 * The operating error that a thrown value is, or null for an internal error. Errors of system calls
 * (no permission, a file in place of a directory) become `system`; LMDB errors, recognised by their
 * numeric code, become `store-failed`.
 */
export function troubleOf(error: unknown): PulseError | null {
  if (error instanceof PulseError) return error
  if (!(error instanceof Error && 'code' in error)) return null
  if ('syscall' in error) {
    const subject = errnoSubject(error, 'a system call')
    return new PulseError('system', errnoSentence(subject, error) ?? error.message, error)
  }
  // DOM exceptions also have a numeric code; their names differ.
  if (error.name !== 'Error' || typeof error.code !== 'number') return null
  return new PulseError('store-failed', storeSentence(error), error)
}

/** An error as one thread reports it to another; `code` is null for an internal error. */
export interface Failure {
  code: ErrorCode | null
  message: string
}

/** What `errorOf` makes an error of again: an internal error keeps its stack as its message. */
export function failureOf(error: unknown): Failure {
  const trouble = troubleOf(error)
  if (trouble !== null) return { code: trouble.code, message: trouble.message }
  const message = error instanceof Error ? (error.stack ?? '') : messageOf(error)
  return { code: null, message }
}

/** A positive code of LMDB is one of a system call. */
function storeSentence(error: Error): string {
  const known = errnoOf(error) === null ? null : errnoSentence('the state directory', error)
  if (known !== null) return known
  const advice = 'check its volume, or read its sources into a new directory'
  return `the state cannot be used (${error.message}); ${advice}`
}

/**
 * The error of a file or directory that cannot be written.
 *
 * @param subject what was to be written, with its path
 */
export const outputError = (subject: string, error: unknown): PulseError =>
  new PulseError(
    'output',
    errnoSentence(subject, error) ??
      `${subject} could not be written (${messageOf(error)}); check the space and state of its volume`,
    error,
  )

/**
 * The error of a file that an option names and that cannot be read.
 *
 * @param subject the option and the path
 */
export const inputError = (subject: string, error: unknown): PulseError =>
  new PulseError(
    'input-missing',
    errnoSentence(subject, error, 'a readable file') ??
      `${subject} cannot be read (${messageOf(error)}); check the file`,
    error,
  )

/** The error that another thread reported; `code` is null for an internal error. */
export const errorOf = (code: ErrorCode | null, message: string): Error =>
  code === null ? new Error(message) : new PulseError(code, message)

/**
 * Throws if `condition` is false. For internal errors only, never for invalid input.
 *
 * @param what the violated condition, stated as it should be
 */
export function assert(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(`assertion failed: ${what}`)
}
