// The description of the API as a page for people: plain HTML, a style sheet, no script.
import { escaped } from '../../report/markup.ts'
import { openapiPath, statusesOf, type Parameter, type Route } from './route.ts'

const TAGS: readonly (readonly [Route['tag'], title: string, words: string])[] = [
  [
    'snapshot',
    'Snapshot',
    'Results over all subscribers at one moment. Responses carry an ETag; requests with ' +
      'If-None-Match return 304 without a body until the next snapshot.',
  ],
  [
    'subscribers',
    'Subscribers',
    'As of now, newer than the last snapshot, and compared with its segments. With tokens they ' +
      'need the scope subscribers. Each request is a pass over all subscribers; a bounded number ' +
      'waits, further ones return 503.',
  ],
  ['process', 'Process', 'State and metrics of the process.'],
  ['documentation', 'Description', 'The routes, described for people and for programs.'],
]

const parameterRow = ({ name, schema, description }: Parameter): string => {
  const { minimum, maximum, default: usual } = schema
  const range = maximum === undefined ? '' : ` (${minimum!} to ${maximum}, default ${usual!})`
  return `<dt><code>${name}</code></dt><dd>${escaped(description)}${range}</dd>`
}

function routeHtml(route: Route): string {
  const { summary, scope, parameters = [] } = route
  const path = openapiPath(route)
  const shown = path.includes('{') || 'stream' in route ? escaped(path) : link(path)
  const words = [
    scope === null ? 'needs no token' : `scope ${scope}`,
    `returns ${statusesOf(route).join(', ')}`,
  ]
  const list = parameters.map(parameterRow).join('')
  return (
    `<article><h3>GET <code>${shown}</code></h3><p>${escaped(summary)}.</p>` +
    `${list === '' ? '' : `<dl>${list}</dl>`}<p class="small">${words.join('; ')}</p></article>`
  )
}

const link = (path: string): string => `<a href="${path}">${path}</a>`

/** The whole page, as HTML. */
export function docsPage(routes: readonly Route[]): string {
  const parts = TAGS.map(([tag, title, words]) => {
    const described = routes.filter((each) => each.tag === tag).map(routeHtml)
    return `<section><h2>${title}</h2><p>${escaped(words)}</p>${described.join('\n')}</section>`
  })
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>API of xdr-pulse</title>
<link rel="icon" href="/favicon.svg">
<link rel="stylesheet" href="/page.css">
<link rel="stylesheet" href="/api.css">
</head>
<body>
<main>
<h1>API of xdr-pulse</h1>
<p>Read-only: GET and HEAD.
Under <code>/api/v1</code> unknown and repeated query parameters return 400, except on the live
stream.
Errors are <code>application/problem+json</code> (RFC 9457) and never contain a value of the
request.
Volumes are bytes, times are milliseconds since 1970 in UTC.
<code>X-Snapshot-Number</code> and <code>X-Snapshot-Time</code> name the snapshot that a response is
as of; ${link('/api/v1/positions')} shows how far the sources were read for it.
On loopback no token is needed unless tokens are configured; otherwise send
<code>Authorization: Bearer TOKEN</code>.
${link('/api/v1/openapi.json')} is the same for programs; the live page is <a href="/">/</a>.</p>
<pre><code>curl --compressed http://127.0.0.1:8480/api/v1/segments
curl 'http://127.0.0.1:8480/api/v1/subscribers?application=Email&amp;limit=50'</code></pre>
${parts.join('\n')}
</main>
</body>
</html>
`
}
