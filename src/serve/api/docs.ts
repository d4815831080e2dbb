// The API's description as a page for people: plain HTML, a style sheet, no script.
import { OPERATIONS, type Operation, type Parameter } from './operations.ts'
import { escaped } from '../../report/markup.ts'

const TAGS: readonly (readonly [Operation['tag'], title: string, words: string])[] = [
  [
    'snapshot',
    'Snapshot',
    'What is said of all subscribers at one moment. These carry an ETag with the number of the ' +
      'snapshot: ask with If-None-Match, and there is 304 and no body until there is another one.',
  ],
  [
    'subscribers',
    'Subscribers',
    'As of now, newer than the last snapshot, against whose segments they are held. With tokens, ' +
      'these need the scope subscribers. Each is a pass over the state, and only a few may wait.',
  ],
  ['process', 'Process', 'How the process itself is doing.'],
  ['documentation', 'Description', 'What there is to ask for, for people and for programs.'],
]

const parameterRow = ({ name, schema, description }: Parameter): string => {
  const { minimum, maximum, default: usual } = schema
  const range = maximum === undefined ? '' : ` (${minimum!} to ${maximum}, ${usual!} unless given)`
  return `<dt><code>${name}</code></dt><dd>${escaped(description)}${range}</dd>`
}

function operationHtml({ path, summary, scope, parameters = [], also = [] }: Operation): string {
  const shown = path.includes('{') || path === '/api/v1/live' ? escaped(path) : link(path)
  const words = [
    scope === null ? 'needs no token' : `scope ${scope}`,
    `answers ${[200, ...also].join(', ')}`,
  ]
  const list = parameters.map(parameterRow).join('')
  return (
    `<article><h3>GET <code>${shown}</code></h3><p>${escaped(summary)}.</p>` +
    `${list === '' ? '' : `<dl>${list}</dl>`}<p class="small">${words.join('; ')}</p></article>`
  )
}

const link = (path: string): string => `<a href="${path}">${path}</a>`

/** The whole page. */
export function docsPage(): string {
  const parts = TAGS.map(([tag, title, words]) => {
    const operations = OPERATIONS.filter((each) => each.tag === tag).map(operationHtml)
    return `<section><h2>${title}</h2><p>${escaped(words)}</p>${operations.join('\n')}</section>`
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
<p>Read only: GET and HEAD. Under <code>/api/v1</code> a parameter that a path does not know, or one
given twice, is refused; only the live stream takes any.
Errors are <code>application/problem+json</code> (RFC 9457) and never repeat a value that was asked
for. Bytes are bytes, times are milliseconds since 1970 in UTC. Answers say
which snapshot they are as of in <code>X-Snapshot-Number</code> and <code>X-Snapshot-Time</code>;
how far sources were read for it is at ${link('/api/v1/positions')}. On loopback no token is needed;
elsewhere send <code>Authorization: Bearer TOKEN</code>. For machines the same is at
${link('/api/v1/openapi.json')}; the live page is at <a href="/">/</a>.</p>
<pre><code>curl --compressed http://127.0.0.1:8480/api/v1/segments
curl 'http://127.0.0.1:8480/api/v1/subscribers?application=Email&amp;limit=50'</code></pre>
${parts.join('\n')}
</main>
</body>
</html>
`
}
