// The route of many subscribers: reads what was asked for, and answers a page of it.
import { APPLICATIONS, type Application } from '../../record/columns.ts'
import type { SubscriberQuery } from '../../snapshot/subscriber-page.ts'
import { MOST_MEMBERS, USUAL_MEMBERS } from './operations.ts'
import type { Parameters } from './parameters.ts'
import { json, problem, type Answer } from '../http/problem.ts'
import type { PipelineView } from '../view.ts'

/** Before the first: with `--missing-msisdn zero` there is a subscriber 0. */
const EVERYONE = -1

const DIGITS = /^[0-9]{1,15}$/

/** A page of subscribers as of now; nothing that was asked for is repeated in an error. */
export async function answerMembers(
  view: PipelineView,
  asked: Parameters,
  headers: Record<string, string>,
): Promise<Answer> {
  const query = readQuery(asked)
  if (typeof query === 'string') return problem(400, query)
  const segments = view.published()?.snapshot.segments.segments ?? []
  const names = segments.map(({ name }) => name)
  if (query.segment !== null && names.length > 0 && !names.includes(query.segment)) {
    return problem(404, `There is no segment of this name; there are: ${names.join(', ')}.`)
  }
  const found = await view.subscribers(query)
  if (found === null) {
    const detail = 'Nothing is committed yet; ask again in a moment.'
    return problem(503, detail, { 'retry-after': '1' })
  }
  return json(found, headers)
}

/** The query, or what is wrong with it. */
function readQuery(
  asked: Parameters,
): (SubscriberQuery & { application: Application | null }) | string {
  const { segment = null, application = null, limit = String(USUAL_MEMBERS), after } = asked
  const known = APPLICATIONS.find((name) => name === application) ?? null
  if (application !== null && known === null) {
    return `The application is unknown; expected one of ${APPLICATIONS.join(', ')}.`
  }
  const most = DIGITS.test(limit) ? Number(limit) : 0
  if (most < 1 || most > MOST_MEMBERS) {
    return `The limit is no whole number from 1 to ${MOST_MEMBERS}.`
  }
  if (after !== undefined && !DIGITS.test(after)) return 'After is no MSISDN of up to 15 digits.'
  return { segment, application: known, limit: most, after: Number(after ?? EVERYONE) }
}
