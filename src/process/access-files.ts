// The files that decide who may use the server: tokens, certificate and key. Each is read at the
// start, and again when it changes.
import type { Log } from '../log.ts'
import { PulseError } from '../errors.ts'
import { isLoopback } from '../serve/http/address.ts'
import { checkCertificate, type Certificate } from '../serve/http/certificate.ts'
import { parseTokens, type Token } from '../serve/http/tokens.ts'
import type { Reloaded, RunningServer } from '../serve/server.ts'
import type { SERVE_OPTIONS, ValuesOf } from '../options.ts'
import { readSecretFile, reloadOnChange } from './secret-file.ts'

type AccessValues = Pick<
  ValuesOf<typeof SERVE_OPTIONS>,
  'host' | 'tokenFile' | 'httpTlsKey' | 'httpTlsCert'
>

/** What the files hold at the start. */
export interface Access {
  tokens: readonly Token[]
  certificate: Certificate | null
  texts: AccessTexts
  /** Sentences about what is allowed and unwise. */
  warnings: readonly string[]
}

/** The text of each file; null for one that is not given. */
export interface AccessTexts {
  tokens: string | null
  certificate: Certificate | null
}

const tokenPlace = ({ tokenFile }: AccessValues): string => `--token-file ${tokenFile}`

const certificatePlaces = ({ httpTlsKey, httpTlsCert }: AccessValues): Certificate => ({
  key: `--http-tls-key ${httpTlsKey}`,
  cert: `--http-tls-cert ${httpTlsCert}`,
})

/**
 * Reads and checks all files.
 *
 * @throws PulseError `usage` for files that are malformed, no pair, or open to other users,
 *   `input-missing` for one that cannot be read
 */
export function readAccess(values: AccessValues): Access {
  if ((values.httpTlsKey === '') !== (values.httpTlsCert === '')) {
    const text = '--http-tls-key and --http-tls-cert need each other; only one is given'
    throw new PulseError('usage', text)
  }
  const warnings: string[] = []
  const texts = readTexts(values, (warning) => warnings.push(warning))
  const { certificate } = texts
  const tokens = texts.tokens === null ? [] : parseTokens(texts.tokens, tokenPlace(values))
  if (certificate !== null) warnings.push(...checked(values, certificate))
  if (tokens.length > 0 && certificate === null && !isLoopback(values.host)) {
    warnings.push(
      `tokens travel in the clear to ${values.host}: anyone on the way can read them; give ` +
        '--http-tls-key and --http-tls-cert, or admit only a proxy with TLS to this address',
    )
  }
  return { tokens, certificate, texts, warnings }
}

/** The text of each file; all of them are read, so that each is checked. */
function readTexts(values: AccessValues, warn: (warning: string) => void): AccessTexts {
  const { tokenFile, httpTlsKey, httpTlsCert } = values
  const read = (place: string, path: string, isPublic = false): string => {
    const { text, warning } = readSecretFile({ place, path, isPublic })
    if (warning !== null) warn(warning)
    return text
  }
  const { key, cert } = certificatePlaces(values)
  return {
    tokens: tokenFile === '' ? null : read(tokenPlace(values), tokenFile),
    certificate:
      httpTlsKey === ''
        ? null
        : { key: read(key, httpTlsKey), cert: read(cert, httpTlsCert, true) },
  }
}

/** The sentence about a certificate that does not hold now, if it does not. */
function checked(values: AccessValues, certificate: Certificate): string[] {
  const warning = checkCertificate(certificate, certificatePlaces(values), Date.now())
  return warning === null ? [] : [warning]
}

/**
 * Passes changes of the files to a server until the returned function is called. A change that is
 * refused at a start is logged and counted, and the former content stays in force.
 */
export function watchAccess(
  values: AccessValues,
  { texts }: Access,
  server: RunningServer,
  log: Log,
): () => void {
  const failed =
    (file: Reloaded) =>
    (error: unknown): void => {
      log.error({ err: error }, `a changed file is not taken (${file}); the former stays in force`)
      server.noteFailedReload(file)
    }
  const silent = (): void => undefined
  const stops = [
    reloadOnChange(texts.tokens, {
      read: () => readTexts({ ...values, httpTlsKey: '' }, silent).tokens,
      take(text) {
        const tokens = parseTokens(text ?? '', tokenPlace(values))
        server.setTokens(tokens)
        log.info(`${tokens.length} tokens of ${tokenPlace(values)} are in force`)
      },
      onError: failed('tokens'),
    }),
    reloadOnChange(texts.certificate, {
      read: () => readTexts({ ...values, tokenFile: '' }, silent).certificate,
      take(certificate) {
        if (certificate === null) return
        for (const warning of checked(values, certificate)) log.warn(warning)
        server.setCertificate(certificate)
        log.info(`the certificate of ${certificatePlaces(values).cert} is in force`)
      },
      onError: failed('certificate'),
    }),
  ]
  return () => {
    for (const stop of stops) stop()
  }
}
