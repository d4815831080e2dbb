// Random answers of a schema registry: each becomes a decoder, or a reason to reject.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import fc from 'fast-check'
import { createFormat, WAITING } from '../../consumers/kafka/log/message-format.ts'
import { createRegistry } from '../../src/kafka/schema-registry.ts'
import { USED_COLUMNS } from '../../src/record/columns.ts'
import { XDR_SCHEMA } from '../../src/record/xdr-schema.ts'
import { mutated, pick, type Fuzzer } from './fuzz.ts'

const XDR = JSON.stringify(XDR_SCHEMA)

/** The text of an answer with status 200. */
const anAnswer = fc.gen().map((g): string => {
  const schema = pick(g, [XDR, '"long"', 'nothing', '[]', '{"type":"record"}', '7'])
  const reference = pick(g, [null, 5, {}, { subject: 'a', version: 1 }, { subject: 'x' }])
  const type = pick(g, [undefined, 'AVRO', 'JSON', 'PROTOBUF', 7, { toString: 1 }])
  const answer = {
    schema,
    schemaType: type,
    references: pick(g, [undefined, null, [reference]]),
  }
  switch (g(fc.nat, { max: 5 })) {
    case 0:
      return JSON.stringify(pick(g, [{}, [], 5, 'text', false, [answer], g(fc.jsonValue)]))
    case 1:
      return JSON.stringify({
        ...answer,
        [pick(g, Object.keys(answer))]: g(fc.jsonValue),
      })
    case 2:
      return JSON.stringify({ ...answer, schema: mutated(g, Buffer.from(XDR)).toString('latin1') })
    case 3:
      return '['.repeat(20_000) + ']'.repeat(20_000)
    default:
      return JSON.stringify(answer)
  }
})

/** Each round is one schema id: the answers to all requests for it are random. */
export const fuzzRegistryAnswers: Fuzzer = async (seed, rounds) => {
  // The last of the rounds has all that a schema refers to once more.
  const answers = fc.sample(anAnswer, { seed, numRuns: 4 * rounds })
  let asked = 0
  const server = createServer((_, response) => response.end(answers[asked++ % answers.length]))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const reached: Record<string, number> = {}
  const registry = createRegistry({ url, credentials: null }, () => undefined)
  const source = { mapped: {} }
  const reach = (what: string): void => void (reached[what] = (reached[what] ?? 0) + 1)
  const onSchema = (): void => reach('sentences')
  const format = createFormat({
    ...{ format: 'auto', registry, schema: null, timeZone: 'Asia/Kathmandu', source, onSchema },
  })
  const columns = USED_COLUMNS.map(() => new Float64Array(1))
  let broken: string | null = null
  try {
    for (let id = 1; id <= rounds; id++) {
      const message = Buffer.from([0, 0, 0, id >> 8, id & 255, 7, 7, 7, 7, 0])
      const decode = (): number => format.decode(message, 0, message.length - 1, columns, 0)
      assert.equal(decode(), WAITING)
      await format.learn(format.wanted())
      const outcome = decode()
      assert.notEqual(outcome, WAITING)
      assert.ok(format.detail().length <= 2500, `a detail of ${format.detail().length} letters`)
      assert.doesNotMatch(format.detail(), /report this error/)
      const what = /no decoder|the answer of the registry|it refers|does not match/.exec(
        format.detail(),
      )
      reach(what?.[0] ?? 'other')
    }
  } catch (error) {
    broken = fc.stringify(error)
  } finally {
    registry.close()
    server.close()
    server.closeAllConnections()
  }
  return { seed, rounds, reached, broken }
}
