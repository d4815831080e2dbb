// The live page: every message of the stream goes to the parts that show it.
import { createApplications } from './applications.js'
import { connect } from './connection.js'
import { byId, setText } from './dom.js'
import { createElbow } from './elbow.js'
import { showQuality } from './quality.js'
import { createSegments } from './segments.js'
import { createTops } from './top.js'
import { showTopic } from './topic.js'
import { createTotals, showProgress } from './totals.js'

/** @typedef {import('../../snapshot/schema.ts').Snapshot} Snapshot */
/** @typedef {import('../status.ts').Status} Status */

const NOTICES = {
  opening: '',
  open: '',
  lost: 'Connection lost, reconnecting… The figures are the last that arrived.',
}

const showTotals = createTotals()

/** Charts measure their place: they are made once it is visible. */
/** @type {((snapshot: Snapshot) => void)[]} */
let charts = []

/** @param {Snapshot} snapshot */
function showSnapshot(snapshot) {
  document.body.dataset['view'] = 'live'
  if (charts.length === 0) {
    charts = [createTops(), createApplications(), createSegments(), createElbow()]
  }
  showTotals(snapshot)
  for (const show of charts) show(snapshot)
  showQuality(snapshot, null)
  void readStatus().then((status) => showQuality(snapshot, status))
}

/** Sources and how their unit was found change rarely: they are not on the stream. */
async function readStatus() {
  const response = await fetch('/api/v1/status')
  return response.ok ? /** @type {Status} */ (await response.json()) : null
}

connect('/api/v1/live', {
  snapshot: showSnapshot,
  progress(message) {
    showProgress(message)
    showTopic(message)
  },
  link(link) {
    document.body.dataset['link'] = link
    setText(byId('notice'), NOTICES[link])
  },
})
