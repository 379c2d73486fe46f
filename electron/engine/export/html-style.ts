/** Colours follow the reader's system; contrasts are at least 4.5 : 1 in both. */
export const DOCUMENT_STYLE = `
:root { color-scheme: light dark; --bg: #f4f5f6; --ink: #171c20; --soft: #4b555d; --panel: #fff; --line: #c9ced2; --you: #e2edf5;
  --key: #8b3fc0; --text: #1f5c3f; --number: #873700; --quiet: #5b666e; --crit: #a30d0d; }
@media (prefers-color-scheme: dark) { :root { --bg: #171b1f; --ink: #e3e8eb; --soft: #b1bbc2; --panel: #1f2429; --line: #323a41;
  --you: #243441; --key: #d3a9f5; --text: #9ccbb1; --number: #ffab57; --quiet: #98a4ac; --crit: #ff8a85; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 56rem; padding: 2rem 1rem 6rem; background: var(--bg); color: var(--ink);
  font: 16px/1.55 system-ui, sans-serif; overflow-wrap: anywhere; }
header p, time, h2 em { color: var(--soft); font-size: .875rem; font-weight: 400; }
header span { margin-right: 1rem; }
h1 { font-size: 1.5rem; margin: 0 0 .25rem; }
h2 { font-size: 1rem; margin: 0 0 .5rem; }
h3 { font-size: .8125rem; margin: .75rem 0 .25rem; color: var(--soft); }
article { border-top: 1px solid var(--line); padding: 1.5rem 0; }
.prompt { white-space: pre-wrap; background: var(--you); border-radius: 6px; padding: .75rem 1rem; }
.answer { padding: .25rem 0; }
.thinking { white-space: pre-wrap; color: var(--soft); padding: .5rem 0 .5rem 1rem; border-left: 2px solid var(--line); }
.notice { color: var(--soft); font-style: italic; }
details { margin: .5rem 0; background: var(--panel); border: 1px solid var(--line); border-radius: 6px; padding: .375rem .75rem; }
summary { cursor: pointer; color: var(--soft); font: .875rem/1.5 ui-monospace, monospace; }
.failed > summary { color: var(--crit); }
pre { overflow-x: auto; background: var(--panel); border: 1px solid var(--line); border-radius: 6px; padding: .75rem; margin: .5rem 0; }
code { font: .8125rem/1.5 ui-monospace, monospace; }
table { border-collapse: collapse; }
td, th { border: 1px solid var(--line); padding: .25rem .5rem; }
.hljs-keyword, .hljs-built_in, .hljs-literal, .hljs-selector-tag, .hljs-type { color: var(--key); }
.hljs-string, .hljs-regexp, .hljs-addition, .hljs-attr { color: var(--text); }
.hljs-number, .hljs-symbol, .hljs-variable, .hljs-deletion { color: var(--number); }
.hljs-comment, .hljs-quote, .hljs-meta { color: var(--quiet); }
@media print { body { max-width: none; } details { break-inside: avoid; } }
`;
