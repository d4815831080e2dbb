// The certificate of the server and its key: checked before the server uses them.
import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto'
import { messageOf, PulseError } from '../../errors.ts'

/** A private key and its certificate, with those that signed it, as PEM. */
export interface Certificate {
  key: string
  cert: string
}

/** Limits of TLS. Versions before 1.2 have known attacks. */
export const TLS_LIMITS = { minVersion: 'TLSv1.2', handshakeTimeout: 10_000 } as const

/**
 * Checks that key and certificate are a pair.
 *
 * @param places name the key and the certificate in errors
 * @returns a sentence about a certificate that does not hold at `nowMs`; null for one that does
 * @throws PulseError `usage`
 */
export function checkCertificate(
  { key, cert }: Certificate,
  places: Certificate,
  nowMs: number,
): string | null {
  const refuse = (text: string, error?: unknown): PulseError => new PulseError('usage', text, error)
  let parsed: X509Certificate
  try {
    parsed = new X509Certificate(cert)
  } catch (error) {
    const found = `${places.cert} holds no certificate (${messageOf(error)})`
    throw refuse(`${found}; expected one as PEM`, error)
  }
  let privateKey: KeyObject
  try {
    privateKey = createPrivateKey(key)
  } catch (error) {
    const found = `${places.key} holds no readable private key (${messageOf(error)})`
    throw refuse(`${found}; expected one as PEM, without a passphrase`, error)
  }
  if (!parsed.checkPrivateKey(privateKey)) {
    throw refuse(`${places.key} is not the key of ${places.cert}; expected a pair`)
  }
  if (nowMs >= parsed.validFromDate.getTime() && nowMs <= parsed.validToDate.getTime()) return null
  const { validFrom, validTo } = parsed
  return `${places.cert} is valid from ${validFrom} to ${validTo} only; clients refuse it`
}
