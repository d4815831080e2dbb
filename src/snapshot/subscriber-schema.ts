// The shape of single subscribers: one against all others, and pages of many.
import { APPLICATIONS } from '../record/columns.ts'
import { z } from '../schema.ts'
import { METRICS, type Aggregate } from './metrics.ts'
import {
  amount,
  count,
  directionsSchema,
  metricsSchema,
  snapshotSchema,
  sumsSchema,
  underEach,
} from './schema.ts'

const moment = z.number().nullable().describe('since 1970; null: no readable time')

const aggregateSchema = z.object({
  msisdn: count,
  ...sumsSchema.shape,
  ...metricsSchema.shape,
  applications: z.array(z.object({ name: z.string(), ...directionsSchema.shape })),
  firstStartMs: moment,
  lastEndMs: moment,
}) satisfies z.ZodType<Aggregate>

const segmentName = z.string().nullable().describe('null before there are segments')

const asOfSchema = z.object({
  commit: count.describe('commits of the state it was read from'),
  timeMs: amount.describe('when it was read, since 1970'),
  segmentsNumber: count.describe('number of the snapshot whose segments it uses'),
  snapshotNumber: count.describe('number of the snapshot whose subscribers it ranks or lists'),
  positions: snapshotSchema.shape.positions,
  notInData: snapshotSchema.shape.notInData,
})

/** The moment that an answer about subscribers is as of. */
export type AsOf = z.infer<typeof asOfSchema>

const viewSchema = z.object({
  aggregate: aggregateSchema,
  ranks: underEach(METRICS, () => count).describe(
    'place among the subscribers of snapshot `snapshotNumber`: 1 is the largest value; equal values ' +
      'are ranked by ascending MSISDN',
  ),
  subscribers: count.describe('that are ranked, with this one'),
  segment: segmentName,
  distances: z
    .array(z.object({ segment: z.string(), distance: amount }))
    .describe('scaled distance to each centroid, in the order of the segments'),
})

/** One subscriber against all others. */
export type SubscriberView = z.infer<typeof viewSchema>

/** One subscriber against all others, and the moment it is as of. */
export const subscriberSchema = z.object({ asOf: asOfSchema, ...viewSchema.shape })

/** The answer of `/api/v1/subscribers/:msisdn`. */
export type Subscriber = z.infer<typeof subscriberSchema>

const subscriberRowSchema = z.object({ ...aggregateSchema.shape, segment: segmentName })

/** One subscriber of a page. */
export type SubscriberRow = z.infer<typeof subscriberRowSchema>

/** A page of subscribers by ascending MSISDN, and the moment it is as of. */
export const subscriberListSchema = z.object({
  asOf: asOfSchema,
  segment: z.string().nullable().describe('the segment asked for'),
  application: z.enum(APPLICATIONS).nullable().describe('the application asked for'),
  subscribers: z
    .array(subscriberRowSchema)
    .describe('those of snapshot `snapshotNumber`, with their numbers as of `commit`'),
  next: count.nullable().describe('the value of `after` for the next page; null at the end'),
})

/** The answer of `/api/v1/subscribers`. */
export type SubscriberList = z.infer<typeof subscriberListSchema>
