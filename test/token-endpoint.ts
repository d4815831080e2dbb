// An identity provider for tests, on loopback: a token endpoint over HTTPS, and the keys of its tokens.
import { generateKeyPairSync, sign } from 'node:crypto'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { makeCertificates } from '../scripts/kafka/certificates.ts'

const LOOPBACK = '127.0.0.1'
const KEY_ID = 'test-key'

/** The client that it knows; its secret has characters that need encoding. */
export const CLIENT = { id: 'xdr-pulse', secret: 'a secret: %/+ä' }

/** A token endpoint that runs. */
export interface TokenEndpointStandIn {
  /** URL of the endpoint (HTTPS). */
  url: string
  /** Path of the authority's certificate (PEM). */
  ca: string
  /** URL of the keys (HTTP), for brokers. */
  keysUrl: string
  /** The bodies of all requests that were granted. */
  granted: string[]
}

/** Runs `work` with an endpoint whose tokens live for some seconds, and ends it afterwards. */
export async function withTokenEndpoint<T>(
  directory: string,
  lifeSeconds: number,
  work: (endpoint: TokenEndpointStandIn) => Promise<T>,
): Promise<T> {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const key = { ...publicKey.export({ format: 'jwk' }), kid: KEY_ID, use: 'sig', alg: 'RS256' }
  const signed = (): string => {
    const now = Math.floor(Date.now() / 1000)
    const claims = { sub: CLIENT.id, aud: 'kafka', scope: 'read', iat: now, exp: now + lifeSeconds }
    const content = [{ alg: 'RS256', typ: 'JWT', kid: KEY_ID }, claims].map(encoded).join('.')
    const signature = sign('RSA-SHA256', Buffer.from(content), privateKey)
    return `${content}.${signature.toString('base64url')}`
  }
  const granted: string[] = []
  const answer = async (request: IncomingMessage): Promise<[number, object]> => {
    const body = await text(request)
    if (request.headers.authorization !== EXPECTED) return [401, { error: 'invalid_client' }]
    granted.push(body)
    return [200, { access_token: signed(), token_type: 'Bearer', expires_in: lifeSeconds }]
  }
  const { ca, brokerStore } = await makeCertificates(directory)
  const pem = await readFile(brokerStore, 'utf8')
  const secure = createSecureServer({ key: pem, cert: pem }, (request, response) => {
    void answer(request).then(([status, body]) => {
      response.writeHead(status).end(JSON.stringify(body))
    })
  })
  const keys = createServer((_, response) => {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ keys: [key] }))
  })
  try {
    const url = `https://${LOOPBACK}:${await listen(secure)}/token`
    const keysUrl = `http://${LOOPBACK}:${await listen(keys)}/keys`
    return await work({ url, ca, keysUrl, granted })
  } finally {
    for (const server of [secure, keys]) {
      server.close()
      server.closeAllConnections()
    }
  }
}

const encoded = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url')

/** Id and secret in the form of RFC 6749, 2.3.1. */
const EXPECTED = `Basic ${Buffer.from('xdr-pulse:a%20secret%3A%20%25%2F%2B%C3%A4').toString('base64')}`

async function listen(server: Server): Promise<number> {
  await once(server.listen(0, LOOPBACK), 'listening')
  return (server.address() as AddressInfo).port
}
