// Row 21: a process that serves, attacked by HTTP with and without a token.
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { statusBytes } from '../../../bench/process.ts'
import type { Random } from '../../../src/random.ts'
import { rawRowsOf, sampleIn } from '../../consumers/files/samples.ts'
import { withPulse, type Running } from '../../e2e/command.ts'
import { fuzzHttp } from '../../fuzz/http.ts'
import { ask, type Reply } from '../../serve/ask.ts'
import { parse } from '../../serve/metrics/parse-exposition.ts'
import { until } from '../../until.ts'
import type { FaultContext, FaultRow } from '../fault-row.ts'
import { requirePrivate } from '../invariants.ts'

const TOKEN = 'all-of-it-0123456789'
const METRICS_TOKEN = 'metrics-0123456789ab'
const FUZZ_ROUNDS = 150
const SLOW_CLIENTS = 60
const MOST_MEMORY_BYTES = 700 * 2 ** 20
const MSISDN = /\b336\d{8}\b/

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

/** A serving process, and a subscriber of its state. */
interface Target {
  url: string
  running: Running
  canary: string
}

const pick = <T>(list: readonly T[], random: Random): T => list[Math.floor(random() * list.length)]

const PATHS = ['/', '/metrics', '/api/v1/snapshot', '/api/v1/top', '/api/v1/status', '/api/v1/live']

/** One refused request per kind; the names are the situations. */
const REFUSALS: Readonly<
  Record<string, (target: Target, random: Random) => Promise<[Reply, number]>>
> = {
  'no token': async ({ url, canary }, random) => [
    await ask(url, pick([...PATHS, `/api/v1/subscribers/${canary}`], random)),
    401,
  ],
  'a scope that is too small': async ({ url, canary }, random) => [
    await ask(
      url,
      pick(['/api/v1/top', `/api/v1/subscribers/${canary}`], random),
      bearer(METRICS_TOKEN),
    ),
    403,
  ],
  'another Host': async ({ url }, random) => [
    await ask(url, pick(PATHS, random), { ...bearer(TOKEN), host: 'evil.example' }),
    421,
  ],
  'another Origin': async ({ url }, random) => [
    await ask(url, pick(PATHS, random), { ...bearer(TOKEN), origin: 'https://evil.example' }),
    403,
  ],
}

/** A body that is announced with 100 MB is refused before it is read. */
async function hugeBody(context: FaultContext, { url }: Target): Promise<void> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.write(`POST / HTTP/1.1\r\nhost: ${hostname}:${port}\r\ncontent-length: 104857600\r\n\r\n`)
  assert.match(await text(socket), /^HTTP\/1\.1 413 /)
  context.reached('a body of 100 MB')
}

/** Clients that send a header byte by byte, and never its end: probes are answered meanwhile. */
async function slowHeaders(context: FaultContext, { url }: Target): Promise<void> {
  const { hostname, port } = new URL(url)
  const sockets: Socket[] = []
  const trickle = setInterval(() => {
    for (const socket of sockets) if (socket.writable) socket.write('x')
  }, 50)
  try {
    for (let at = 0; at < SLOW_CLIENTS; at++) {
      const socket = connect(Number(port), hostname).on('error', () => undefined)
      socket.write(`GET / HTTP/1.1\r\nhost: ${hostname}:${port}\r\nx: `)
      sockets.push(socket)
    }
    await until('a probe beside slow clients', () =>
      ask(url, '/healthz').then(
        ({ status }) => status === 200,
        () => false,
      ),
    )
    context.reached('headers that never end')
  } finally {
    clearInterval(trickle)
    for (const socket of sockets) socket.destroy()
  }
}

async function attack(context: FaultContext, target: Target, random: Random): Promise<void> {
  const { url, running, canary } = target
  for (const [name, send] of Object.entries(REFUSALS)) {
    const [reply, status] = await send(target, random)
    assert.equal(reply.status, status, `${name}: ${reply.body}`)
    assert.doesNotMatch(reply.body, MSISDN, 'I10')
    context.reached(name)
  }
  await hugeBody(context, target)
  await slowHeaders(context, target)
  const { hostname: host, port } = new URL(url)
  const seed = Math.floor(random() * 2 ** 31)
  const address = { host, port: Number(port), canaries: [canary] }
  const report = await fuzzHttp(address, seed, FUZZ_ROUNDS)
  assert.deepEqual(report.violations, [], `seed ${seed}`)
  context.reached('hostile bytes', FUZZ_ROUNDS)
  // A right token passes at once after all of it.
  await until(
    'a right token',
    async () => (await ask(url, '/api/v1/status', bearer(TOKEN))).status,
    (status) => status === 200,
  )
  const metrics = await ask(url, '/metrics', bearer(METRICS_TOKEN))
  assert.equal(metrics.status, 200)
  // Values are not looked at: a sum of bytes may have the digits of a number.
  assert.doesNotMatch([...parse(metrics.body).keys()].join('\n'), MSISDN, 'I10')
  const most = statusBytes(running.process.pid ?? 0, 'VmHWM')
  assert.ok(most > 0 && most < MOST_MEMORY_BYTES, `${most} bytes of memory at most`)
  context.held('I9', 'I10')
}

/** Row 21. */
export const hostileHttp: FaultRow = {
  number: 21,
  title: 'hostile HTTP',
  how: 'no token, a small scope, another Host and Origin, 100 MB, headers without end, seeded bytes; a process with real MSISDNs',
  holds: ['I9', 'I10'],
  also: '401, 403, 421, 413; no MSISDN in bodies without a right to it, in metrics and in what it prints',
  needs: [],
  reaches: [
    ...Object.keys(REFUSALS),
    'a body of 100 MB',
    'headers that never end',
    'hostile bytes',
  ],
  shortRounds: 1,
  async run(context) {
    const { directory } = context
    const file = await sampleIn(directory, { rows: 5000, dirt: 0 })
    const { columns, rows } = await rawRowsOf(file)
    const canary = JSON.stringify(rows[0][columns.indexOf('MSISDN/Number')])
    const tokens = join(directory, 'tokens')
    await writeFile(tokens, `${TOKEN}\n${METRICS_TOKEN} metrics\n`, { mode: 0o600 })
    const argv = ['replay', file, '--state', join(directory, 'state'), '--serve', '--port', '0']
    await withPulse([...argv, '--token-file', tokens], async (running) => {
      const [, url] = await running.prints(/API and metrics at (http:\/\/[\d.:]+)/)
      await running.prints(/subscribers now/)
      const digits = /\d{11}/.exec(canary)?.[0] ?? canary
      for (const { random } of context.rounds()) {
        await attack(context, { url, running, canary: digits }, random)
      }
      running.process.kill('SIGTERM')
      const outcome = await running.ended
      assert.equal(outcome.code, 0, outcome.stderr)
      requirePrivate(context, outcome)
    })
  },
}
