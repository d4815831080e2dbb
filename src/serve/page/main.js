// The live page: every message of the stream goes to the parts that show it.
import { currentAddress } from './address.js'
import { createAmounts } from './views/amounts.js'
import { createApplications, createLeaders } from './views/applications.js'
import { connect } from './connection.js'
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
import { showTopic } from './views/topic.js'
import { createTotals, showLost, showProgress } from './views/totals.js'
import { createViews } from './views.js'
import { useZone } from './zone.js'

/** @typedef {import('../../snapshot/schema.ts').Snapshot} Snapshot */
/** @typedef {import('../api/status.ts').Status} Status */

const NOTICES = {
  opening: '',
  open: '',
  lost: 'Connection lost, reconnecting… The figures are the last that arrived.',
}

// In the order in which they stand on the page.
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
 * Sources, how their unit was found and the time zone change rarely: they are not on the stream.
 * Says whether the zone is another one than before.
 */
async function readStatus() {
  const response = await fetch('/api/v1/status').catch(() => null)
  if (response?.ok) status = /** @type {Status} */ (await response.json())
  return useZone(status?.options['timeZone'])
}

// First of all: nothing is to be shown in a zone that is not the state's.
await readStatus()
addEventListener('hashchange', showAddress)
showAddress()

connect('/api/v1/live', {
  snapshot: showSnapshot,
  progress(message) {
    showProgress(message)
    showTopic(message)
    pipeline.progress(message)
  },
  link(link) {
    document.body.dataset['link'] = link
    setText(byId('notice'), NOTICES[link])
    if (link === 'lost') showLost()
  },
})
