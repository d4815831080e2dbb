// What look-ups answer, in whichever thread.
import { APPLICATIONS } from '../record/columns.ts'
import type { SubscriberPage, SubscriberQuery } from '../snapshot/subscriber-page.ts'
import type { AsOf, Subscriber, SubscriberList } from '../snapshot/subscriber-schema.ts'
import type { FailedReply } from './state-reading.ts'

/** The reply to a look-up; `empty` while nothing is committed. */
export type LookUpReply =
  | { type: 'lookup'; subscriber: Subscriber | null }
  | { type: 'subscribers'; subscribers: SubscriberList }
  | { type: 'empty' }
  | FailedReply

/** A page with what was asked for. */
export const listOf = (
  { segment, application }: SubscriberQuery,
  { subscribers, next }: SubscriberPage,
  asOf: AsOf,
): SubscriberList => ({
  asOf,
  segment,
  application: APPLICATIONS.find((name) => name === application) ?? null,
  subscribers,
  next,
})
