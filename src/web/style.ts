import { type Ink, PALETTES } from './palette.ts';

/** The one style sheet of all pages, served from the same origin. */
export const STYLE_SHEET: string = `
:root{color-scheme:light dark;${variables('light')}}
@media (prefers-color-scheme:dark){:root{${variables('dark')}}}
*,*::before,*::after{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;min-height:100vh;display:flex;flex-direction:column;background:var(--ground);color:var(--text);
  font:1rem/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","Liberation Sans",sans-serif}
a{color:var(--accent);text-underline-offset:.18em}
h1,h2,h3{line-height:1.25;margin:0;letter-spacing:-.01em;overflow-wrap:anywhere}
h1{font-size:1.6rem;font-weight:650}h2{font-size:1.15rem;font-weight:650}h3{font-size:1rem;font-weight:650}
p{margin:.6rem 0 0}
code,.mono{font:.92em/1.5 ui-monospace,SFMono-Regular,Menlo,"DejaVu Sans Mono","Liberation Mono",monospace;overflow-wrap:anywhere}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px;border-radius:4px}
.skip{position:absolute;left:-999rem}
.skip:focus{left:1rem;top:.75rem;z-index:2;background:var(--surface);padding:.5rem 1rem;border-radius:8px}
.visually-hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.top{background:var(--surface);border-bottom:1px solid var(--line)}
.top .inner{display:flex;flex-wrap:wrap;gap:.35rem 1.25rem;align-items:center;padding-block:.7rem}
.inner{width:100%;max-width:66rem;margin-inline:auto;padding-inline:1.25rem}
.brand{display:flex;align-items:center;gap:.55rem;font-weight:700;color:var(--text);text-decoration:none;margin-right:auto;min-height:2.75rem}
.brand svg{color:var(--accent)}
.top nav{display:flex;flex-wrap:wrap;gap:.25rem}
.top nav a{padding:.5rem .7rem;border-radius:8px;color:var(--text);text-decoration:none}
.top nav a:hover{background:var(--sunken)}
.top nav a[aria-current]{background:var(--sunken);font-weight:600}
.who{display:flex;align-items:center;gap:.75rem;color:var(--quiet);overflow-wrap:anywhere}
main{flex:1;padding-block:2.25rem 3rem}
main>.inner.narrow{max-width:40rem}
footer{border-top:1px solid var(--line);color:var(--quiet);font-size:.88rem}
footer .inner{padding-block:1rem;display:flex;flex-wrap:wrap;gap:.25rem 1.25rem}
.lead{color:var(--quiet);font-size:1.05rem;max-width:60ch}
.card{background:var(--surface);border:1px solid var(--line);border-radius:14px;padding:1.25rem;margin-top:1.25rem}
.card.plain{padding:0;overflow:hidden}
.card>:first-child,.card>[type=hidden]+*{margin-top:0}
.stack>*+*{margin-top:1.25rem}
.row{display:flex;flex-wrap:wrap;gap:.75rem 1rem;align-items:center;justify-content:space-between}
.actions{display:flex;flex-wrap:wrap;gap:.75rem;margin-top:1.25rem}
.actions form,.row form{margin:0}
.button,button{display:inline-flex;align-items:center;justify-content:center;min-height:2.75rem;padding:.5rem 1.15rem;border-radius:10px;
  border:1px solid var(--accent);background:var(--accent);color:var(--onAccent);font:inherit;font-weight:600;text-decoration:none;cursor:pointer}
.button.quiet,button.quiet{background:transparent;color:var(--accent);border-color:var(--line)}
.button.danger,button.danger{background:transparent;color:var(--bad);border-color:var(--bad)}
.button.small,button.small{padding:.35rem .8rem;font-size:.94rem}
.button:hover,button:hover{filter:brightness(1.08)}
.button.quiet:hover,button.quiet:hover{background:var(--sunken);filter:none}
.button.danger:hover,button.danger:hover{background:var(--badTint);filter:none}
.chip{display:inline-flex;align-items:center;gap:.4rem;padding:.15rem .65rem;border-radius:999px;font-size:.88rem;font-weight:600;background:var(--sunken);color:var(--text);white-space:nowrap}
.chip::before{content:"";width:.55rem;height:.55rem;border-radius:50%;background:currentColor}
.chip.good{background:var(--goodTint);color:var(--good)}
.chip.warn{background:var(--warnTint);color:var(--warn)}
.chip.bad{background:var(--badTint);color:var(--bad)}
.note{border-radius:10px;padding:.8rem 1rem;background:var(--sunken);margin-top:1rem;overflow-wrap:anywhere}
.note p:first-child{margin-top:0}
.note.good{background:var(--goodTint)}.note.warn{background:var(--warnTint)}.note.bad{background:var(--badTint)}
.note strong{display:block}
ul.plain{list-style:none;margin:.4rem 0 0;padding:0}
ul.ticks{margin:0;padding-left:1.1rem}
ul.ticks li+li{margin-top:.2rem}
dl.facts{display:grid;grid-template-columns:8rem 1fr;gap:.45rem 1.25rem;margin:1rem 0 0}
dl.facts dt{color:var(--quiet)}dl.facts dd{margin:0;overflow-wrap:anywhere}
.quiet-text{color:var(--quiet)}.small{font-size:.92rem}
label{display:block;font-weight:600}
input[type=text]{display:block;width:100%;max-width:18rem;margin-top:.4rem;min-height:3rem;padding:.5rem .9rem;border-radius:10px;border:1px solid var(--quiet);
  background:var(--surface);color:var(--text);font:600 1.25rem/1.4 ui-monospace,SFMono-Regular,Menlo,"DejaVu Sans Mono",monospace;letter-spacing:.08em}
.code{font:700 1.7rem/1.4 ui-monospace,SFMono-Regular,Menlo,"DejaVu Sans Mono",monospace;letter-spacing:.1em;overflow-wrap:anywhere}
pre{margin:.75rem 0 0;padding:.75rem 1rem;border-radius:10px;background:var(--sunken);white-space:pre-wrap;overflow-wrap:anywhere;font:.95rem/1.5 ui-monospace,SFMono-Regular,Menlo,"DejaVu Sans Mono",monospace}
.mark{display:flex;width:3rem;height:3rem;border-radius:50%;align-items:center;justify-content:center;margin-bottom:1rem}
.mark.good{background:var(--goodTint);color:var(--good)}.mark.warn{background:var(--warnTint);color:var(--warn)}.mark.bad{background:var(--badTint);color:var(--bad)}
.bar{display:block;width:100%;height:.55rem;border-radius:999px;background:var(--sunken);overflow:hidden;margin-top:.45rem}
.bar rect.good{fill:var(--good)}.bar rect.warn{fill:var(--warn)}.bar rect.bad{fill:var(--bad)}
.credential .left{margin-top:1rem}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(9.5rem,1fr));gap:.9rem;margin-top:1.25rem}
.tile{background:var(--surface);border:1px solid var(--line);border-radius:14px;padding:.9rem 1.1rem}
.tile b{display:block;font-size:1.75rem;line-height:1.2;font-weight:650;font-variant-numeric:tabular-nums}
.tile span{color:var(--quiet)}
.tile.bad b{color:var(--bad)}.tile.warn b{color:var(--warn)}
.scroll{overflow-x:auto}
table{width:100%;border-collapse:collapse;font-variant-numeric:tabular-nums}
caption{text-align:left;padding:1rem 1.25rem .4rem;font-weight:650;font-size:1.15rem}
th,td{text-align:left;padding:.6rem 1.25rem;border-top:1px solid var(--line);vertical-align:top}
thead th{border-top:0;color:var(--quiet);font-size:.88rem;font-weight:600}
tbody th{font-weight:600;overflow-wrap:anywhere}
td.number,th.number{text-align:right}
td time{white-space:nowrap}
.empty{padding:1rem 1.25rem;color:var(--quiet);border-top:1px solid var(--line);margin:0}
section+section{margin-top:2rem}
.links-map{display:block;margin-inline:auto;max-width:100%;height:auto;font-size:13px}
.links th[scope=row]{min-width:17rem}.links th .small{font-weight:400}.links .span{white-space:nowrap}
.links-map.narrow{display:none}
.links-map text{fill:var(--text);text-anchor:middle}
.links-map .box{fill:var(--ground);stroke:var(--quiet)}.links-map .box.here{fill:var(--sunken);stroke:var(--accent);stroke-width:2}
.links-map .gap{fill:var(--surface)}
.links-map .way{fill:none;stroke:var(--quiet);stroke-width:2}.links-map .head{fill:var(--quiet)}
.links-map .way.good{stroke:var(--good)}.links-map .way.warn{stroke:var(--warn)}.links-map .way.bad{stroke:var(--bad)}
.links-map .head.good{fill:var(--good)}.links-map .head.warn{fill:var(--warn)}.links-map .head.bad{fill:var(--bad)}
.links-map text.good{fill:var(--good)}.links-map text.warn{fill:var(--warn)}.links-map text.bad{fill:var(--bad)}.links-map text.plain{fill:var(--quiet)}
.links-map .way.opening{stroke-dasharray:2 4}.links-map .way.degraded{stroke-dasharray:7 4}.links-map .way.lost{stroke-dasharray:3 4}
.links .way>span{white-space:normal;overflow-wrap:anywhere}
@media (max-width:40rem){
  h1{font-size:1.4rem}
  .inner{padding-inline:1rem}
  main{padding-block:1.5rem 2.5rem}
  dl.facts{grid-template-columns:1fr;gap:.1rem}
  dl.facts dd+dt{margin-top:.55rem}
  .actions .button,.actions button,.actions form{width:100%}
  table.fold thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
  table.fold,table.fold tbody,table.fold tr,table.fold th,table.fold td,table.fold caption{display:block;width:100%}
  table.fold tr{border-top:1px solid var(--line);padding:.7rem 1rem}
  table.fold th,table.fold td,table.fold td.number{border:0;padding:.1rem 0;text-align:left}
  table.fold td:not([data-label=""])::before{content:attr(data-label) " ";color:var(--quiet);font-size:.88rem;margin-right:.4rem}
  table.fold caption{padding:1rem}
  .links-map.wide{display:none}.links-map.narrow{display:block}
  .links th[scope=row]{min-width:0}
  .card.map{padding:.75rem}
}
@media (prefers-reduced-motion:no-preference){.button,button,.top nav a{transition:background-color .12s,filter .12s}}
@media (forced-colors:active){.bar rect{forced-color-adjust:none}.chip,.note{border:1px solid}}
@media print{.top nav,.who,.actions,.skip{display:none}}
`.trim();

function variables(name: 'light' | 'dark'): string {
  return (Object.entries(PALETTES[name]) as [Ink, string][])
    .map(([ink, colour]) => `--${ink}:${colour};`)
    .join('');
}
