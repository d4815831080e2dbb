// Brokers that do not answer when work begins: their error.
import { PulseError, rootMessageOf } from '../errors.ts'
import { findErrorBy, ResponseError } from './client.ts'

/** True for an error of a connection; the answers of brokers are others. */
export const isNoAnswer = (error: unknown): boolean =>
  error instanceof Error &&
  ['PLT_KFK_NETWORK', 'PLT_KFK_TIMEOUT'].some((code) => findErrorBy(error, 'code', code) !== null)

/** The error when the brokers fail before work begins. */
export function beginningFailed(brokers: readonly string[], error: unknown): PulseError {
  const at = `Kafka at ${brokers.join(', ')}`
  const what =
    error instanceof ResponseError ? `${at} answers with an error` : `no answer from ${at}`
  return new PulseError(
    'kafka',
    `${what} (${rootMessageOf(error)}); check --kafka, that the brokers run, and the options for ` +
      'TLS and SASL',
    error,
  )
}
