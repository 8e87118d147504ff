"""How the pages for a class look: light and dark, on a screen, a phone and paper, and never by colour alone."""

STYLE = """
:root {
  color-scheme: light dark; --ink: #1a1a1a; --paper: #fff; --soft: #f4f3ef; --line: #8a8a82; --quiet: #55554f;
  --link: #0b57a4; --bar: #9a4a0c; --right: #c9e8d3; --wrong: #f9d3b4; --odd: #ecd0e8; --borrowed: #d3dcf8;
  --stopped: #e0e0da; --loud: #ffe08a; --stripe: #00000024;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ink: #ededea; --paper: #171716; --soft: #242422; --line: #85857d; --quiet: #b9b9b1; --link: #8fbcff;
    --bar: #f0a060; --right: #17492b; --wrong: #613310; --odd: #5a2d54; --borrowed: #2c3b70; --stopped: #44443f;
    --loud: #6b5200; --stripe: #ffffff1c;
  }
}
* { box-sizing: border-box; }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); margin: 0; }
main { max-width: 62rem; margin: 0 auto; padding: 1rem; overflow-wrap: break-word; }
h1 { font-size: 1.6rem; margin: .5rem 0; } h2 { font-size: 1.3rem; margin: 2.2rem 0 .6rem; }
h3 { font-size: 1.05rem; margin: 1.6rem 0 .4rem; } p { margin: .4rem 0; } ul { margin: .4rem 0; padding-left: 1.3rem; }
a { color: var(--link); } nav a { margin-right: .9rem; white-space: nowrap; } .quiet { color: var(--quiet); }
code, pre { font: .875rem/1.45 ui-monospace, monospace; }
pre { background: var(--soft); border: 1px solid var(--line); padding: .6rem; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; }
summary { cursor: pointer; color: var(--link); } details { margin: .3rem 0; }
.next { border: 2px solid var(--ink); border-left-width: .6rem; padding: .6rem 1rem; margin: 1rem 0; }
.next h2 { margin: 0 0 .2rem; font-size: 1rem; } .next .big { font-size: 1.45rem; line-height: 1.3; margin: .2rem 0; }
table { border-collapse: collapse; } caption { text-align: left; padding: .2rem 0; }
.bars { width: 100%; } .bars th, .bars td { padding: .2rem .5rem .2rem 0; vertical-align: top; text-align: left; }
.bars th { font-weight: normal; width: 48%; } .bars .count { white-space: nowrap; width: 5.5rem; }
.bars .sign { width: 2rem; } .mistakes th { width: 66%; } .bars tr { border-top: 1px solid var(--stripe); }
.sides { display: grid; grid-template-columns: minmax(0, 2fr) minmax(0, 3fr); gap: 0 2rem; align-items: start; }
.track { display: block; margin-top: .25rem; border: 1px solid var(--line); max-width: 26rem; }
.bar { display: block; height: .8rem; background: var(--bar); min-width: 2px; }
.scroll { overflow-x: auto; position: relative; }
.heat { font-size: .875rem; } .heat td { min-width: 1.7rem; font-weight: 600; }
.heat th, .heat td { border: 1px solid var(--line); padding: 0 .3rem; text-align: center; }
.heat .who { position: sticky; left: 0; background: var(--paper); text-align: left; }
.heat .who { min-width: 6.5rem; max-width: 11rem; }
.heat th { font-weight: normal; } .heat thead th { font-weight: 600; }
.heat .first { border-left: 3px solid var(--ink); }
.heat .points { min-width: 3.2rem; }
.plain { list-style: none; padding: 0; } .plain li { margin: .25rem 0; }
.legend { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: .3rem 1.1rem; }
.mark { display: inline-block; min-width: 1.5rem; text-align: center; font-weight: 600; border: 1px solid var(--line); }
.legend .mark, p .mark, li > .mark { margin-right: .35rem; }
.right { background: var(--right); }
.wrong { background: repeating-linear-gradient(45deg, transparent 0 4px, var(--stripe) 4px 6px) var(--wrong); }
.odd { background: radial-gradient(var(--stripe) 1.5px, transparent 2px) 0 0 / 6px 6px var(--odd); }
.borrowed { background: repeating-linear-gradient(0deg, transparent 0 4px, var(--stripe) 4px 6px) var(--borrowed); }
.stopped { background: repeating-linear-gradient(90deg, transparent 0 4px, var(--stripe) 4px 6px) var(--stopped); }
.loud { background: var(--loud); outline: 2px solid var(--ink); outline-offset: -3px; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
@media (max-width: 40rem) {
  main { padding: .6rem; } .next .big { font-size: 1.2rem; }
  .heat .who { max-width: 6.5rem; } .sides { display: block; }
  .bars tr { display: grid; grid-template-columns: auto 1fr auto; } .bars td:last-child { grid-column: 1 / -1; }
  .bars th { width: auto; } .bars .count { width: auto; text-align: right; padding-right: 0; }
}
@media print {
  :root {
    color-scheme: light; --ink: #000; --paper: #fff; --soft: #fff; --line: #000; --quiet: #000; --link: #000;
    --bar: #000; --right: #fff; --wrong: #fff; --odd: #fff; --borrowed: #fff; --stopped: #fff; --loud: #fff;
    --stripe: #0003;
  }
  @page { margin: 12mm; }
  body { font-size: 9pt; } main { max-width: none; padding: 0; } nav, details { display: none; }
  .scroll { overflow: visible; } .heat { width: 100%; table-layout: fixed; font-size: 7pt; }
  .heat th, .heat td { min-width: 0; padding: 0; border: .5px solid #777; }
  .heat .first { border-left: 2px solid #000; }
  .heat .points { width: 7%; } .bars .count { width: 4.2rem; } .sides { gap: 0 1rem; } .outcomes th { width: 42%; }
  .heat .who { position: static; width: 14%; min-width: 0; padding-left: .2rem; overflow-wrap: anywhere; }
  code, pre { font-size: 8pt; }
  .lesson { break-before: page; } h2, h3 { break-after: avoid; }
  .exercise, .next, .alike, tr, pre { break-inside: avoid; }
  thead { display: table-header-group; } .bar { print-color-adjust: exact; }
}
"""
