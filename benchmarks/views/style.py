"""The page's style sheet: light and dark, phone and desk. Series colours pass 4.5 : 1 on both backgrounds."""

STYLE = """
:root {
  color-scheme: light dark;
  --paper: #fbfaf8; --card: #ffffff; --ink: #1c1f24; --soft: #5b626d; --rule: #e2dfd9; --grid: #ebe8e3;
  --right: #0b6b3a; --right-bg: #e4f3ea; --wrong: #a4261d; --wrong-bg: #fbe9e6; --dull: #7a5900; --dull-bg: #f8efd8;
  --odd: #6b4fa0; --accent: #005f9e;
  --s0: #5f6673; --s1: #0060a8; --s2: #b04a00; --s3: #00755e; --s4: #a3307e; --s5: #6a6200;
  --s6: #6d4bb3; --s7: #a4261d; --s8: #84591a; --s9: #2c6e12;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14161a; --card: #1c1f25; --ink: #e8e6e3; --soft: #a2a8b3; --rule: #343942; --grid: #2a2e36;
    --right: #6fd39b; --right-bg: #17301f; --wrong: #ff938a; --wrong-bg: #3a1c1a; --dull: #e2bd62; --dull-bg: #33290f;
    --odd: #c0aaf0; --accent: #78bdf2;
    --s0: #a9b0bc; --s1: #74b9f5; --s2: #f2a25c; --s3: #56d0b0; --s4: #f08fcb; --s5: #d3cb5e;
    --s6: #b9a2f2; --s7: #ff938a; --s8: #d9b27c; --s9: #93d06f;
  }
}
* { box-sizing: border-box }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif }
main { max-width: 1160px; margin: 0 auto; padding: 28px 20px 60px }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 .35em; letter-spacing: -.015em }
h2 { font-size: 1.2rem; margin: 2.4em 0 .5em; letter-spacing: -.01em }
h3 { font-size: 1rem; margin: 1.6em 0 .5em } .card h3 { margin-top: 0 } .problem { margin-bottom: 14px }
p { margin: 0 0 .8em; max-width: 75ch }
.lead { color: var(--soft) }
.none, .small { color: var(--soft); font-size: .875rem }
.grid { display: grid; gap: 16px; grid-template-columns: repeat(auto-fill, minmax(min(100%, 350px), 1fr)) }
.card { background: var(--card); border: 1px solid var(--rule); border-radius: 10px; padding: 16px 18px; min-width: 0 }
.big { font-size: 2rem; font-weight: 650; line-height: 1.15; letter-spacing: -.02em;
  font-variant-numeric: tabular-nums }
.big.right { color: var(--right) } .big.wrong { color: var(--wrong) }
.card p { margin: .2em 0 0 }
.bars { display: grid; grid-template-columns: max-content 1fr max-content; gap: 5px 10px; align-items: center;
  margin-top: 12px; font-size: .875rem }
.bars .track { height: 12px; background: var(--grid); border-radius: 3px; overflow: hidden }
.bars .fill { display: block; height: 100%; background: var(--c) }
.bars .value { font-variant-numeric: tabular-nums; text-align: right }
figure { margin: 0 } figcaption { font-weight: 600; margin-bottom: 6px }
svg { width: 100%; height: auto; display: block; font-family: inherit }
svg text { font-size: 12px; fill: var(--soft) }
svg .name { font-weight: 600; fill: var(--c) }
svg line.grid { stroke: var(--grid) }
svg .line { fill: none; stroke: var(--c); stroke-width: 2; stroke-linejoin: round }
svg .whisker { fill: none; stroke: var(--c); stroke-width: 2 }
svg .dashed { stroke-dasharray: 5 4 }
svg .leader { stroke: var(--c); stroke-width: 1; opacity: .45; fill: none }
svg .band { fill: var(--c); opacity: .13 }
svg .mark { fill: var(--c); stroke: var(--card); stroke-width: 1.5 }
.s0 { --c: var(--s0) } .s1 { --c: var(--s1) } .s2 { --c: var(--s2) } .s3 { --c: var(--s3) }
.s4 { --c: var(--s4) } .s5 { --c: var(--s5) } .s6 { --c: var(--s6) } .s7 { --c: var(--s7) }
.s8 { --c: var(--s8) } .s9 { --c: var(--s9) }
.scroll { overflow-x: auto; border: 1px solid var(--rule); border-radius: 10px; background: var(--card) }
table { border-collapse: collapse; width: 100%; font-size: .8125rem; font-variant-numeric: tabular-nums }
th, td { padding: 4px 8px; text-align: right; white-space: nowrap }
th { color: var(--soft); font-weight: 600; border-bottom: 1px solid var(--rule) }
th:first-child, td:first-child, .left { text-align: left }
tbody tr.first td, tbody tr.first th { border-top: 1px solid var(--rule) }
tbody th { background: var(--paper); font-weight: 650; color: var(--ink); text-align: left }
tbody tr.next td { border-top: 1px solid var(--grid) }
td.agent { font-weight: 600; color: var(--c) } td .range { color: var(--soft) }
td.right { color: var(--right); font-weight: 600 } td.wrong { color: var(--wrong); font-weight: 600 }
.answers { display: grid; gap: 14px 28px; margin-top: 10px;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 320px), 1fr)) }
.prompt { font: .875rem/1.5 ui-monospace, "DejaVu Sans Mono", monospace; white-space: pre-wrap; overflow-wrap: anywhere;
  background: var(--paper); border-radius: 6px; padding: 8px 10px; margin: 0; max-width: none }
.who { display: flex; justify-content: space-between; gap: 10px; margin-bottom: 4px;
  font-weight: 600; font-size: .875rem }
.verdict { border-radius: 99px; padding: 0 9px; white-space: nowrap }
.verdict.right { color: var(--right); background: var(--right-bg) }
.verdict.wrong { color: var(--wrong); background: var(--wrong-bg) }
ol.steps { list-style: none; margin: 0; padding: 0; font: .875rem/1.5 ui-monospace, "DejaVu Sans Mono", monospace }
ol.steps li { display: grid; grid-template-columns: 1fr auto; gap: 10px; padding: 1px 0 1px 10px;
  border-left: 3px solid var(--c); margin: 2px 0 }
ol.steps pre { margin: 0; font: inherit; white-space: pre-wrap; overflow-wrap: anywhere }
ol.steps .tag { color: var(--c); font: 600 .75rem/1.7 system-ui, sans-serif }
.useful { --c: var(--right) } .redundant { --c: var(--dull) }
.invalid, .dead_end { --c: var(--wrong) } .unparsable { --c: var(--odd) }
.holds { --c: var(--accent) } .unchecked { --c: var(--soft) }
.note { border-left: 3px solid var(--dull); background: var(--dull-bg); padding: 8px 12px; border-radius: 6px }
.gap { margin-top: 1.6em }
details > summary { cursor: pointer; color: var(--accent); font-weight: 600 }
details.more { margin-top: 14px } details.more > summary { margin-bottom: 8px }
details.tree > div { overflow-x: auto; padding-top: 8px }
.search-tree { min-width: 460px } .search-tree details > summary { color: inherit; font-weight: 400 }
.search-tree .best > pre, .search-tree .best > summary > pre { color: var(--right) !important }
.search-tree .facts { color: var(--soft); opacity: 1 !important }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 4px 14px; font-size: .875rem; margin: 0 }
dt { color: var(--soft) } dd { margin: 0; overflow-wrap: anywhere }
code { font: .875em ui-monospace, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere }
@media (max-width: 560px) { main { padding: 20px 14px 40px } h1 { font-size: 1.4rem } dl { grid-template-columns: 1fr }
  dd { margin-bottom: 6px } }
"""
