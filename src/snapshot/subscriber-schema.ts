// The shape of what is said of single subscribers: one against all others, and pages of many.
import { APPLICATIONS } from '../record/columns.ts'
import { z } from '../schema.ts'
import { METRICS, snapshotSchema, type SubscriberView } from './schema.ts'

const count = z.number().int().nonnegative()
const amount = z.number().nonnegative()
const moment = z.number().nullable().describe('milliseconds since 1970; null: no readable time')

const aggregateSchema = z.object({
  msisdn: count,
  records: count,
  sessions: count.describe('records with a Bearer Id'),
  durationMs: amount,
  downlinkBytes: amount,
  uplinkBytes: amount,
  trafficBytes: amount,
  applications: z.array(z.object({ name: z.string(), downlinkBytes: amount, uplinkBytes: amount })),
  firstStartMs: moment,
  lastEndMs: moment,
})

const segmentName = z.string().nullable().describe('null before there are segments')

const asOfSchema = z.object({
  commit: count.describe('commits in the state it was read from'),
  timeMs: amount.describe('when it was read, since 1970'),
  segmentsNumber: count.describe('number of the snapshot whose segments it uses'),
  positions: snapshotSchema.shape.positions,
})

/** The moment that an answer about subscribers is of. */
export type AsOf = z.infer<typeof asOfSchema>

/** One subscriber against all others, and the moment it is of. */
export const subscriberSchema = z.object({
  asOf: asOfSchema,
  aggregate: aggregateSchema,
  ranks: z
    .object(
      Object.fromEntries(METRICS.map((metric) => [metric, count])) as Record<
        (typeof METRICS)[number],
        typeof count
      >,
    )
    .describe('1 is the largest; equal values by smaller MSISDN first'),
  subscribers: count,
  segment: segmentName,
  distances: z
    .array(z.object({ segment: z.string(), distance: amount }))
    .describe('scaled distance to each centre, in the order of the segments'),
}) satisfies z.ZodType<SubscriberView>

/** The answer of `/api/v1/subscribers/:msisdn`. */
export type Subscriber = z.infer<typeof subscriberSchema>

const subscriberRowSchema = z.object({ ...aggregateSchema.shape, segment: segmentName })

/** One subscriber of a page. */
export type SubscriberRow = z.infer<typeof subscriberRowSchema>

/** A page of subscribers by ascending MSISDN, and the moment it is of. */
export const subscriberListSchema = z.object({
  asOf: asOfSchema,
  segment: z.string().nullable().describe('as asked for'),
  application: z.enum(APPLICATIONS).nullable().describe('as asked for'),
  subscribers: z.array(subscriberRowSchema),
  next: count.nullable().describe('the next page is asked for with after=; null at the end'),
})

/** The answer of `/api/v1/subscribers`. */
export type SubscriberList = z.infer<typeof subscriberListSchema>
