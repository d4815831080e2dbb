// Schemas of option values: what may be written, what it means, and what an error expects instead.
import type { MappedColumns } from './record/mapped-columns.ts'
import { parseMap } from './record/parse-map.ts'
import { meant } from './record/spelling.ts'
import { z } from './schema.ts'

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

/** The longest time in ms: a timer of Node.js with more than 2^31 ms fires at once. */
export const LONGEST_MS = 24 * 24 * UNITS_MS.h

/** A time such as 250ms, 1s, 5m or 2h, in ms. */
export const duration = z
  .string()
  .regex(/^\d+(\.\d+)?(ms|s|m|h)$/, 'a time such as 250ms, 1s or 5m')
  .transform((text) => {
    const [, amount, unit] = /^([\d.]+)(\w+)$/.exec(text) as unknown as [string, string, string]
    return Number(amount) * UNITS_MS[unit]
  })
  .refine((ms) => ms <= LONGEST_MS, `a time of at most ${LONGEST_MS / UNITS_MS.h}h`)

/** A switch: values of its environment variable; the flag alone is `true`. */
export const onOff = z
  .string()
  .pipe(z.enum(['true', '1', 'false', '0', ''], 'true or false'))
  .transform((text) => text === 'true' || text === '1')

/** A whole number within bounds, both included. */
export const whole = (least: number, most: number) =>
  z
    .string()
    .regex(/^\d+$/, `a whole number from ${least} to ${most}`)
    .transform(Number)
    .refine((n) => n >= least && n <= most, `a whole number from ${least} to ${most}`)

/** The number of a partition. */
export const partition = z
  .string()
  .regex(/^\d{0,4}$/, 'the number of a partition')
  .transform(Number)

/** A number from 0 to 1. */
export const share = z
  .string()
  .transform(Number)
  .refine((n) => n >= 0 && n <= 1, 'a number from 0 to 1')

/** A word or a number; an error names both. `doc` describes the numbers. */
export const wordOr = <const W extends string>(
  word: W,
  isValid: (n: number) => boolean,
  doc: string,
) =>
  z
    .string()
    .transform((text) => (text === word ? word : Number(text)))
    .refine(
      (value) => typeof value === 'string' || isValid(value),
      `${word} or ${doc}`,
    ) as unknown as z.ZodType<W | number, string>

/** `max` or a number above 0. */
export const maxOrNumber = wordOr('max', (n) => n > 0 && Number.isFinite(n), 'a number above 0')

/** `auto` or a number of rows. */
export const autoOrRows = wordOr(
  'auto',
  (n) => Number.isSafeInteger(n) && n >= 0,
  'a whole number of 0 or more',
)

/** `off`, `now` or a day. */
export const shiftTo = z
  .string()
  .refine(
    (text) =>
      ['off', 'now'].includes(text) ||
      (/^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text))),
    'off, now or a day such as 2026-01-31',
  )

/** A word or a time, in ms since the epoch. `words` are named by an error. */
export const wordOrTime = <const W extends string>(words: readonly W[]) =>
  z
    .string()
    .transform((text) => ((words as readonly string[]).includes(text) ? text : Date.parse(text)))
    .refine(
      (value) => typeof value === 'string' || value >= 0,
      `${words.join(', ')} or a time such as 2026-01-31T00:00:00Z`,
    ) as unknown as z.ZodType<W | number, string>

/** One of a closed list, as the two fields of an option: its schema, and the list for completion. */
export const oneOf = <const T extends string>(values: readonly T[]) => ({
  choices: values,
  schema: z.string().pipe(
    z.enum(values, {
      error: ({ input }) => `one of ${values.join(', ')}${meant(String(input), values)}`,
    }),
  ) as z.ZodType<T, string>,
})

/** The parts of a comma-separated list, without blanks around them; none for an empty text. */
const parts = z.string().transform((text) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== ''),
)

/** A comma-separated list of anything. */
export const list = parts as z.ZodType<string[], string>

/** Different names of topics, comma-separated. */
export const topicNames = parts.refine(
  (names) =>
    names.every((name) => /^[\w.-]{1,249}$/.test(name)) && new Set(names).size === names.length,
  'different topic names, comma-separated, each of 1 to 249 characters of [A-Za-z0-9._-]',
) as z.ZodType<string[], string>

/** Columns under other names, as `NAME=path,NAME=path`. */
export const mappedColumns = z.string().transform((text, context): MappedColumns => {
  const parsed = parseMap(text)
  if ('mapped' in parsed) return parsed.mapped
  context.addIssue({ code: 'custom', message: parsed.problem })
  return z.NEVER
}) as z.ZodType<MappedColumns, string>

/** A comma-separated list of host names without ports. */
export const hostNames = parts.refine(
  (names) => names.every((name) => /^([\w.-]+|\[[\da-fA-F:.]+\])$/.test(name)),
  'a comma-separated list of host names without ports',
) as z.ZodType<string[], string>

/** A comma-separated list of origins as browsers send them: scheme, name, and port if not usual. */
export const origins = parts.refine(
  (texts) => texts.every((text) => URL.canParse(text) && new URL(text).origin === text),
  'a comma-separated list of origins such as https://grafana.example, without paths',
) as z.ZodType<string[], string>

/** At least `least` different words of a closed list, comma-separated. */
export const listOf = <const T extends string>(values: readonly T[], least: number) => {
  const isKnown = (part: string): boolean => (values as readonly string[]).includes(part)
  return parts.refine(
    (words) =>
      words.length >= least && new Set(words).size === words.length && words.every(isKnown),
    {
      error: ({ input }) => {
        const unknown = (input as string[]).find((part) => !isKnown(part)) ?? ''
        return `a comma-separated list of ${values.join(', ')}${meant(unknown, values)}`
      },
    },
  ) as unknown as z.ZodType<T[], string>
}

/** An IANA zone by name; Intl knows offsets such as +05:00, but DuckDB does not. */
function isTimeZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone })
    return /^[A-Za-z]/.test(zone)
  } catch {
    return false
  }
}

/** An IANA time zone. */
export const timeZone = z
  .string()
  .refine(isTimeZone, 'an IANA time zone such as UTC or Europe/Paris')

/** A topic's name, or an empty text for none. */
export const topicName = z
  .string()
  .regex(/^[\w.-]{0,249}$/, 'a topic name: 1 to 249 characters of [A-Za-z0-9._-]')

/** Seconds between two lists of `top`, 0 for one list; without a number 2. */
export const watchSeconds = z
  .string()
  .transform((text) => ({ off: 0, '': 0, true: 2 })[text] ?? Number(text))
  .refine(
    (seconds) => seconds === 0 || (seconds >= 0.1 && seconds <= LONGEST_MS / 1000),
    'off or a number of seconds, at least 0.1',
  )

/** Days, above 0 and up to ten years. */
export const days = z
  .string()
  .transform(Number)
  .refine((n) => n > 0 && n <= 3650, 'a number above 0 up to 3650')

/** An http(s) URL, or an empty text for none. */
export const httpUrl = z.union([
  z.literal(''),
  z.url({ protocol: /^https?$/, error: 'an http(s) URL' }),
])
