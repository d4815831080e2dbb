// A temporary certificate authority, with a certificate for brokers on loopback and one for clients.
import { execFile } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** Paths of PEM files; clients need `ca`, and for mutual TLS `cert` and `key`. */
export interface Certificates {
  ca: string
  cert: string
  key: string
  /** Key and certificate of the brokers in one file, as Kafka requires. */
  brokerStore: string
}

const DAYS = '30'
const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
const NAMES = 'subjectAltName=IP:127.0.0.1,DNS:localhost'

/**
 * Creates all files in a directory with openssl.
 *
 * @throws Error when openssl is missing or fails
 */
export async function makeCertificates(directory: string): Promise<Certificates> {
  await mkdir(directory, { recursive: true })
  const at = (name: string): string => join(directory, name)
  const subject = ['-subj', '/CN=xdr-pulse temporary CA']
  const authority = ['-keyout', at('ca.key'), '-out', at('ca.pem')]
  await openssl(['req', '-x509', ...NEW_KEY, ...authority, '-days', DAYS, ...subject])
  for (const name of ['broker', 'client']) {
    const request = ['-keyout', at(`${name}.key`), '-out', at(`${name}.csr`)]
    await openssl(['req', ...NEW_KEY, ...request, '-subj', `/CN=${name}`, '-addext', NAMES])
    const signer = ['-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-CAcreateserial']
    const signed = ['-in', at(`${name}.csr`), '-out', at(`${name}.pem`), '-days', DAYS]
    await openssl(['x509', '-req', '-copy_extensions', 'copy', ...signer, ...signed])
  }
  const parts = await Promise.all(['broker.key', 'broker.pem'].map((name) => readFile(at(name))))
  await writeFile(at('broker-store.pem'), Buffer.concat(parts))
  return {
    ca: at('ca.pem'),
    cert: at('client.pem'),
    key: at('client.key'),
    brokerStore: at('broker-store.pem'),
  }
}

async function openssl(argv: string[]): Promise<void> {
  await promisify(execFile)('openssl', argv).catch((error: unknown) => {
    throw new Error('openssl created no certificate (Debian: apt-get install openssl)', {
      cause: error,
    })
  })
}
