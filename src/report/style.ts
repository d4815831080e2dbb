// The style sheet of the report: light, dark, phone and paper.
import { CHART_FONT_PX } from './charts.ts'

const LIGHT =
  '--ground:#f3f5f8;--surface:#fff;--ink:#17202e;--muted:#576275;--line:#dde2ea;--grid:#e3e8ef;' +
  '--bar:#cfe3f1;--accent:#0072b2;color-scheme:light'
const DARK =
  '--ground:#0e131b;--surface:#171e29;--ink:#e8ecf3;--muted:#9aa7ba;--line:#2a3443;--grid:#2a3443;' +
  '--bar:#1d4360;--accent:#56b4e9;color-scheme:dark'

/** The style sheet. */
export const REPORT_STYLE = `
:root{${LIGHT}}
@media (prefers-color-scheme:dark){:root{${DARK}}}
*{box-sizing:border-box}
html{scroll-behavior:smooth}
body{margin:0;background:var(--ground);color:var(--ink);overflow-wrap:break-word;
  font:16px/1.55 system-ui,-apple-system,'Segoe UI',Roboto,'Open Sans',sans-serif}
header,main,footer{max-width:56rem;margin:0 auto;padding:0 1.25rem}
header{padding-top:2.5rem}
h1{font-size:1.9rem;line-height:1.2;letter-spacing:-.02em;margin:0 0 .3rem}
h2{font-size:1.3rem;letter-spacing:-.01em;margin:0 0 .6rem}
h3{font-size:1.02rem;margin:1.6rem 0 .4rem}
p{margin:.5rem 0;max-width:46rem}
a{color:var(--accent)}
.lead{color:var(--muted);margin:0 0 1rem}
nav ul{display:flex;flex-wrap:wrap;gap:.3rem 1.1rem;list-style:none;margin:0 0 1.2rem;padding:0}
section{background:var(--surface);border:1px solid var(--line);border-radius:12px;
  padding:1.4rem 1.5rem;margin:0 0 1.25rem}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(9.1rem,1fr));gap:.9rem .6rem;margin:1rem 0 .4rem}
.tiles div{border-left:3px solid var(--accent);padding-left:.8rem}
.tiles dt{color:var(--muted);font-size:.85rem}
.tiles dd{margin:0;font-size:1.2rem;white-space:nowrap;font-weight:650;font-variant-numeric:tabular-nums}
dl.tiles{margin-bottom:1rem}
figure{margin:1.2rem 0}
figcaption{font-weight:600;margin-bottom:.5rem}
svg{display:block;width:100%;height:auto;overflow:visible;font-size:${CHART_FONT_PX}px;font-variant-numeric:tabular-nums}
svg.narrow{display:none}
svg .ink{fill:var(--ink)}svg .muted{fill:var(--muted)}svg .strong{fill:var(--ink);font-weight:650}
svg .grid{stroke:var(--grid)}
svg .curve{fill:none;stroke:var(--accent);stroke-width:2.5}
svg .dot{fill:var(--accent)}
svg .marked{fill:#d55e00;stroke:var(--surface);stroke-width:2}
.legend{display:flex;flex-wrap:wrap;gap:.25rem 1.1rem;list-style:none;margin:.2rem 0 .8rem;padding:0;font-size:.9rem}
.swatch{display:inline-block;width:.8rem;height:.8rem;border-radius:3px;margin-right:.4rem;vertical-align:-.06rem}
.scroll{overflow-x:auto;margin:1rem 0}
.scroll:focus-visible,summary:focus-visible,a:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
table{border-collapse:collapse;width:100%;font-size:.92rem;font-variant-numeric:tabular-nums}
caption{text-align:left;font-weight:600;padding-bottom:.35rem}
th,td{text-align:left;padding:.34rem .7rem .34rem 0;border-bottom:1px solid var(--line);vertical-align:baseline}
tbody th{font-weight:500}
thead th{color:var(--muted);font-weight:600;font-size:.85rem}
.number{text-align:right;white-space:nowrap}
th:last-child,td:last-child{padding-right:0}
.bar{display:inline-block;min-width:7.5rem;padding:0 .4rem;border-radius:3px;text-align:right;
  background:linear-gradient(var(--bar),var(--bar)) right/var(--share) 100% no-repeat}
.pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(15rem,1fr));gap:0 1.6rem}
.pair>*{min-width:0}
.pair th,.pair td{padding-right:.4rem}.pair .bar{min-width:5rem;padding:0 .3rem}
code{font-size:.88em;overflow-wrap:anywhere}
details{margin:1rem 0}
summary{cursor:pointer;color:var(--accent)}
footer{color:var(--muted);font-size:.88rem;padding-bottom:2.5rem}
@media (max-width:560px){
  header,main,footer{padding-left:.75rem;padding-right:.75rem}
  section{padding:1.1rem 1rem}
  h1{font-size:1.5rem}
  svg.wide{display:none}svg.narrow{display:block}
  .pair{grid-template-columns:1fr}.pair .bar{min-width:8rem}
}
@media print{
  :root{${LIGHT}}
  *{print-color-adjust:exact}
  body{background:#fff;font-size:11pt}
  header,main,footer{max-width:none;padding:0}
  nav,summary{display:none}
  svg.wide{display:block}svg.narrow{display:none}
  section{border:0;padding:0;margin:0 0 1.6rem}
  figure,table,tr,.tiles{break-inside:avoid}
  details table{break-inside:auto}
  table{font-size:.82rem}
  th,td{padding-top:.22rem;padding-bottom:.22rem}
  .pair{grid-template-columns:repeat(3,1fr);gap:0 1rem}.pair .bar{min-width:4rem}
  p{break-inside:avoid;break-after:avoid}
  .tiles{grid-template-columns:repeat(6,1fr)}
  h2,h3,figcaption,caption{break-after:avoid}
  .scroll{overflow:visible}
  details::details-content{content-visibility:visible;height:auto}
}
`
