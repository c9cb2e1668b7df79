"""The CSS style sheet of all HTML pages of qhls, with a light and a dark scheme and no external resources."""

STYLE = """
:root { color-scheme: light dark; --ink: light-dark(#1c2733, #e4e9ee); --soft: light-dark(#55626e, #9aa7b3);
  --line: light-dark(#dde3e8, #37424d); --paper: light-dark(#fff, #14191e); --pane: light-dark(#f4f6f8, #1c232a);
  --blue: light-dark(#1769aa, #6cb4ee); --grey: light-dark(#b8c3cd, #4d5964); --red: light-dark(#b3400a, #f08a4b) }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 72em;
  margin: 2em auto; padding: 0 1em }
h1 { font-size: 1.5em } h2 { font-size: 1.2em; margin-top: 2em } h3 { font-size: 1.05em; margin-top: 1.5em }
a, summary { color: var(--blue) } summary { cursor: pointer }
small, .soft { color: var(--soft) }
table { border-collapse: collapse; margin: .8em 0; font-variant-numeric: tabular-nums }
th, td { padding: .25em .8em; text-align: right; border-bottom: 1px solid var(--line); vertical-align: top }
th { font-weight: 600 } tr:last-child td { border-bottom: none }
th:first-child, td:first-child, .text td, .text th { text-align: left; overflow-wrap: anywhere }
code, pre { background: var(--pane); border-radius: 3px } code { padding: .1em .3em; overflow-wrap: anywhere }
pre { padding: .8em; overflow: auto; max-height: 30em; font-size: 13px; line-height: 1.4 }
svg { max-width: 100%; height: auto } svg text { fill: currentColor }
.wide { overflow-x: auto }
"""
"""Style of tables, text and pictures."""
