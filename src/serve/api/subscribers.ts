// The routes of single subscribers and of pages of them: parameters and handlers.
import { msisdnOf } from '../../record/msisdn.ts'
import { isMsisdn } from '../../record/validation.ts'
import { APPLICATIONS, type Application } from '../../record/columns.ts'
import type { SubscriberQuery } from '../../snapshot/subscriber-page.ts'
import { json, problem, type Answer } from '../http/problem.ts'
import type { PipelineView } from '../view.ts'
import { noSnapshot } from './answer.ts'
import type { Parameter, Parameters, ParameterSchema } from './route.ts'

/** Maximum subscribers per page: a page is one message of the look-up thread. */
const MOST_PER_PAGE = 1000
const USUAL_PER_PAGE = 100

/** Below every MSISDN: with `--missing-msisdn zero` there is a subscriber 0. */
const BEFORE_ALL = -1

/** An MSISDN as text: E.164 allows 15 digits. */
const DIGITS = /^[0-9]{1,15}$/
const MSISDN: ParameterSchema = { type: 'string', pattern: DIGITS.source }

/** The MSISDN in a path. */
export const MSISDN_PARAMETER: Parameter = {
  name: 'msisdn',
  in: 'path',
  required: true,
  schema: MSISDN,
  description: '1 to 15 digits',
}

/** Parameters of a page of subscribers. */
export const PAGE_PARAMETERS: readonly Parameter[] = [
  {
    name: 'segment',
    in: 'query',
    schema: { type: 'string' },
    description: 'only subscribers of this segment, by its name',
  },
  {
    name: 'application',
    in: 'query',
    schema: { type: 'string', enum: APPLICATIONS },
    description: 'only subscribers with traffic in this application',
  },
  {
    name: 'limit',
    in: 'query',
    schema: { type: 'integer', minimum: 1, maximum: MOST_PER_PAGE, default: USUAL_PER_PAGE },
    description: 'maximum subscribers per page',
  },
  {
    name: 'after',
    in: 'query',
    schema: MSISDN,
    description: 'only larger MSISDNs: `next` of the previous page',
  },
]

/**
 * One subscriber as of now, compared with the segments of the last snapshot. It is newer than that
 * snapshot and therefore has no ETag. 400 for what is not an MSISDN, 404 for an unknown one, 503
 * before the first snapshot; an error does not contain the MSISDN.
 */
export async function answerSubscriber(view: PipelineView, text: string): Promise<Answer> {
  const msisdn = msisdnOf(text)
  if (!isMsisdn(msisdn) && msisdn !== 0)
    return problem(400, 'The MSISDN is malformed; expected 1 to 15 digits.')
  const published = view.published()
  const found = await view.lookup(msisdn)
  if (found !== null) return json(found)
  // Before the first snapshot the state may not be read yet.
  if (published === null) return noSnapshot()
  return problem(404, 'There is no subscriber with this MSISDN.')
}

/**
 * A page of subscribers as of now. 400 for a malformed parameter, 404 for an unknown segment, 503
 * while nothing is committed; an error does not contain the value of a parameter.
 */
export async function answerSubscribers(
  view: PipelineView,
  parameters: Parameters,
): Promise<Answer> {
  const query = readQuery(parameters)
  if (typeof query === 'string') return problem(400, query)
  const segments = view.published()?.snapshot.segments.segments ?? []
  const names = segments.map(({ name }) => name)
  if (query.segment !== null && names.length > 0 && !names.includes(query.segment)) {
    return problem(404, `The segment is unknown; expected one of ${names.join(', ')}.`)
  }
  const found = await view.subscribers(query)
  if (found !== null) return json(found)
  const detail = 'Nothing is committed yet; repeat the request in a second.'
  return problem(503, detail, { 'retry-after': '1' })
}

/** The query of a page, or a sentence for a malformed parameter. */
function readQuery(
  parameters: Parameters,
): (SubscriberQuery & { application: Application | null }) | string {
  const { segment = null, application = null, limit = String(USUAL_PER_PAGE), after } = parameters
  const known = APPLICATIONS.find((name) => name === application) ?? null
  if (application !== null && known === null) {
    return `The application is unknown; expected one of ${APPLICATIONS.join(', ')}.`
  }
  const most = DIGITS.test(limit) ? Number(limit) : 0
  if (most < 1 || most > MOST_PER_PAGE) {
    return `The parameter limit is malformed; expected a whole number from 1 to ${MOST_PER_PAGE}.`
  }
  if (after !== undefined && !DIGITS.test(after)) {
    return 'The parameter after is malformed; expected an MSISDN of 1 to 15 digits.'
  }
  return { segment, application: known, limit: most, after: Number(after ?? BEFORE_ALL) }
}
