// The live page: opens the stream and passes each message to the parts that show it.
import { currentAddress, hideMsisdn } from './address.js'
import { createAmounts } from './views/amounts.js'
import { createApplications, createLeaders } from './views/applications.js'
import { createDistributions } from './views/distributions.js'
import { byId, setText } from './dom.js'
import { createElbow } from './views/elbow.js'
import { createHeatmaps } from './views/heatmaps.js'
import { createHours } from './views/hours.js'
import { createPipeline } from './views/pipeline.js'
import { createQuality } from './views/quality.js'
import { createScatter } from './views/scatter.js'
import { createSegments } from './views/segments.js'
import { createSubscriber } from './views/subscriber.js'
import { createTops } from './views/top.js'
import { createTotals, showLost, showProgress, showTopic } from './views/totals.js'
import { createViews } from './views.js'
import { useZone } from './zone.js'

/** @typedef {import('../../snapshot/schema.ts').Snapshot} Snapshot */
/** @typedef {import('../api/status.ts').Status} Status */

/** @typedef {import('../api/status.ts').ProgressMessage} ProgressMessage */
/** @typedef {'open' | 'lost'} Link */

/** Browsers reconnect by themselves, except after an error response. */
const RETRY_MS = 3000

const NOTICES = {
  open: '',
  lost: 'Connection lost, reconnecting… The figures are the last received.',
}

// In their order on the page.
const parts = [
  createTotals(),
  createTops(),
  createApplications(),
  createDistributions(),
  createHours(),
  createHeatmaps(),
  createLeaders(),
  createScatter(),
  createElbow(),
  createSegments(),
  createAmounts(),
]
const pipeline = createPipeline()
const showQuality = createQuality()
const showSubscriber = createSubscriber()
const showView = createViews()

/** @type {Snapshot | null} */
let latest = null
/** @type {Status | null} */
let status = null
let shownMsisdn = ''

function showAddress() {
  hideMsisdn()
  const { view, chosen, msisdn } = currentAddress()
  showView()
  if (latest !== null) for (const show of parts) show(latest, chosen)
  if (view === 'subscriber' && (msisdn !== shownMsisdn || msisdn === '')) {
    shownMsisdn = msisdn
    void showSubscriber(msisdn)
  }
}

/** @param {Snapshot} snapshot */
function showSnapshot(snapshot) {
  latest = snapshot
  document.body.dataset['view'] = 'live'
  showAddress()
  showQuality(snapshot, status)
  void readStatus().then((isOtherZone) => {
    if (isOtherZone) showAddress()
    showQuality(snapshot, status)
    pipeline.status(status)
  })
}

/**
 * Reads the status: sources, their units and the time zone change rarely and are not on the stream.
 * Returns whether the zone has changed.
 */
async function readStatus() {
  const response = await fetch('/api/v1/status').catch(() => null)
  if (response?.ok) status = /** @type {Status} */ (await response.json())
  return useZone(status?.options['timeZone'])
}

// Before anything is shown, as times are shown in the zone of the state.
await readStatus()
addEventListener('hashchange', showAddress)
showAddress()

/** @param {Link} link */
function showLink(link) {
  document.body.dataset['link'] = link
  setText(byId('notice'), NOTICES[link])
  if (link === 'lost') showLost()
}

/** @param {ProgressMessage} message */
function showMessage(message) {
  showProgress(message)
  showTopic(message)
  pipeline.progress(message)
}

/** Opens the stream and keeps it open. */
function connect() {
  const source = new EventSource('/api/v1/live')
  source.addEventListener('open', () => showLink('open'))
  source.addEventListener('snapshot', (event) => showSnapshot(JSON.parse(event.data)))
  source.addEventListener('progress', (event) => showMessage(JSON.parse(event.data)))
  source.addEventListener('error', () => {
    showLink('lost')
    if (source.readyState === EventSource.CLOSED) setTimeout(connect, RETRY_MS)
  })
}

connect()
