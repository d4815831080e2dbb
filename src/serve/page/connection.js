// The stream from the server: reconnects for ever, and tells how it stands.

/** @typedef {import('../../snapshot/schema.ts').Snapshot} Snapshot */
/** @typedef {import('../api/status.ts').ProgressMessage} ProgressMessage */
/** @typedef {'open' | 'lost'} Link */
/** @typedef {{ snapshot(snapshot: Snapshot): void, progress(message: ProgressMessage): void,
 *   link(link: Link): void }} Listener */

/** The browser reconnects by itself but for a refusal, after which it needs to be told. */
const RETRY_MS = 3000

/**
 * Opens the stream and keeps it open.
 * @param {string} path
 * @param {Listener} listener
 */
export function connect(path, listener) {
  const source = new EventSource(path)
  source.addEventListener('open', () => listener.link('open'))
  source.addEventListener('snapshot', (event) => listener.snapshot(JSON.parse(event.data)))
  source.addEventListener('progress', (event) => listener.progress(JSON.parse(event.data)))
  source.addEventListener('error', () => {
    listener.link('lost')
    if (source.readyState === EventSource.CLOSED) setTimeout(connect, RETRY_MS, path, listener)
  })
}
