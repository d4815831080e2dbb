// A dead letter: the rejected message as it was, with its origin and the reason in headers.
import type { Reason } from '../../src/record/batch.ts'
import { isoTime } from '../../src/record/event-time.ts'
import { rowOfKey, sourceOfKey } from '../../state/keys.ts'
import type { Partition } from '../../state/partition.ts'
import type { RawMessage } from './log/message-rows.ts'

/** A message of an outbox. */
export interface Letter {
  state: Partition
  key: Buffer
  reason: Reason
  raw: RawMessage
  detail: string | undefined
}

/** Names of the headers that are added: this project's, or those that Kafka Streams writes. */
export type LetterHeaders = 'own' | 'kip-1034'

/** Where letters go to, and how. */
export interface LetterRoute {
  deadLetterTopic: string
  headers: LetterHeaders
}

/** The partition that a message was read from: a key begins with the id of its topic. */
export const originOf = ({ state, key }: Pick<Letter, 'state' | 'key'>) => ({
  topic: state.positions.get(sourceOfKey(key))?.name ?? '',
  number: state.store.partition,
})

/** Key, value and headers unchanged; origin, reason and detail in further headers. */
export function messageOfLetter(letter: Letter, options: LetterRoute) {
  const { key, value, headers, timestampMs } = letter.raw
  const isStreams = options.headers === 'kip-1034'
  return {
    topic: options.deadLetterTopic,
    ...(key === null ? {} : { key: Buffer.from(key, 'base64') }),
    // A message without value has null there, which the package's types do not allow.
    value: (value === null ? null : Buffer.from(value, 'base64')) as Buffer,
    // Kafka Streams keeps the time of the record, and has no header for it.
    ...(isStreams ? { timestamp: BigInt(Math.min(Math.max(0, timestampMs), LAST_MS)) } : {}),
    // Each name is an object of its own: a record may have several headers of one name.
    headers: new Map([
      ...(headers ?? []).map(([name, text]): [Buffer, Buffer] => [
        Buffer.from(name),
        text === null ? NO_VALUE : Buffer.from(text, 'base64'),
      ]),
      ...(isStreams ? streamsHeaders(letter) : ownHeaders(letter)).map(
        ([name, text]): [Buffer, Buffer] => [Buffer.from(name), Buffer.from(text)],
      ),
    ]),
  }
}

type TextHeader = [name: string, text: string]

function ownHeaders(letter: Letter) {
  const { key, reason, raw, detail } = letter
  const { topic, number } = originOf(letter)
  const headers: TextHeader[] = [
    ['xdr-topic', topic],
    ['xdr-partition', String(number)],
    ['xdr-offset', String(rowOfKey(key))],
    ['xdr-reason', reason],
    ['xdr-timestamp', isoTime(raw.timestampMs)],
  ]
  return detail === undefined ? headers : [...headers, ['xdr-detail', detail] satisfies TextHeader]
}

/**
 * The headers of KIP-1034, as `ExceptionHandlerUtils` of Kafka Streams 4.2 writes them. Programs that
 * read them may require each; no exception was thrown here, so the reason has its place, and the
 * sentence about it that of the stack.
 */
function streamsHeaders(letter: Letter): TextHeader[] {
  const { key, reason, detail } = letter
  const { topic, number } = originOf(letter)
  const name = (part: string): string => `__streams.errors.${part}`
  return [
    [name('exception'), reason],
    [name('message'), detail ?? reason],
    [name('stacktrace'), detail === undefined ? reason : `${reason}: ${detail}`],
    [name('topic'), topic],
    [name('partition'), String(number)],
    [name('offset'), String(rowOfKey(key))],
  ]
}

/** The last time of any calendar: later ones do not fit into a record. */
const LAST_MS = 8.64e15

/** The value of a header without one, which the client cannot send. */
const NO_VALUE = Buffer.alloc(0)
