// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

extension DemoPage {
    /// How the page looks, in light and dark; every colour is a variable.
    static let style = #"""
        :root {
          color-scheme: light dark;
          --page: light-dark(#f5f6f8, #12151a); --card: light-dark(#fff, #1b2027);
          --line: light-dark(#dde1e7, #323943); --sunk: light-dark(#f0f2f5, #13171c);
          --text: light-dark(#1a1f26, #e8ebef); --soft: light-dark(#566070, #9aa5b4);
          --good: light-dark(#176b3a, #6fd49a); --goodbg: light-dark(#e2f5e9, #12321f);
          --bad: light-dark(#a8201a, #ff9a92); --badbg: light-dark(#fdeae8, #3a1815);
          --warn: light-dark(#7a4d00, #f0c070); --warnbg: light-dark(#fdf1da, #35270c);
          --accent: light-dark(#2456d6, #86a8ff);
          font: 16px/1.5 system-ui, sans-serif;
        }
        * { box-sizing: border-box; }
        [hidden] { display: none !important; }
        body { margin: 0; background: var(--page); color: var(--text); }
        main { max-width: 76rem; margin: 0 auto; padding: 2rem 1.25rem 4rem; }
        h1, h2, h3 { margin: 0; font-size: 1rem; overflow-wrap: anywhere; }
        h1 { font-size: 1.75rem; letter-spacing: -.02em; } h2 { font-size: 1.0625rem; }
        p { margin: .25rem 0 0; } p:empty, .badge:empty { display: none; }
        .soft { color: var(--soft); } .small { font-size: .875rem; }
        .drop .small { display: block; margin-top: .25rem; }
        header { margin-bottom: 1.75rem; }
        .columns { display: grid; gap: 1.75rem; grid-template-columns: minmax(0, 7fr) minmax(0, 5fr); }
        @media (max-width: 56rem) { .columns { grid-template-columns: minmax(0, 1fr); } }
        .drop { display: block; padding: 2rem 1.25rem; border: 2px dashed var(--line); border-radius: .75rem;
          background: var(--card); text-align: center; cursor: pointer; }
        .drop:hover, .drop.over, button:hover { border-color: var(--accent); }
        .drop strong { color: var(--accent); }
        input[type=file] { position: absolute; opacity: 0; width: 1px; height: 1px; }
        button { font: inherit; font-size: .9375rem; padding: .4rem .9rem; border-radius: .5rem; cursor: pointer;
          border: 1px solid var(--line); background: var(--card); color: var(--text); }
        :focus-visible, .drop:has(:focus-visible) { outline: 3px solid var(--accent); outline-offset: 2px; }
        .row { display: flex; flex-wrap: wrap; gap: .25rem .75rem; align-items: center;
          justify-content: space-between; }
        section > .row { min-height: 2.25rem; margin-bottom: .75rem; }
        .list { list-style: none; margin: 0; padding: 0; display: grid; gap: 1rem; }
        .card { padding: 1rem 1.125rem; border: 1px solid var(--line); border-radius: .75rem; background: var(--card); }
        .uploads { margin-top: 1.25rem; }
        progress { width: 100%; height: .5rem; margin: .75rem 0 0; accent-color: var(--accent); }
        .stages { list-style: none; display: grid; grid-template-columns: repeat(4, 1fr); margin: 1rem 0 0;
          padding: 0; }
        .stages li { position: relative; padding-top: 1.75rem; font-size: .875rem; }
        .stages li::before { content: ""; position: absolute; z-index: 1; top: 0; left: 0; display: grid;
          place-items: center; width: 1.25rem; height: 1.25rem; border: 2px solid var(--line); border-radius: 50%;
          background: var(--card); color: var(--card); font: 700 .75rem/1 system-ui; }
        .stages li + li::after { content: ""; position: absolute; top: .5625rem; right: 100%; height: 2px;
          width: calc(100% - 1.25rem); background: var(--line); }
        .stages .active::before { border-color: var(--accent); animation: pulse 1.2s infinite; }
        .stages .done::before { content: "✓"; border-color: var(--good); background: var(--good); }
        .stages .done::after { background: var(--good); }
        .stages .failed::before { content: "✕"; border-color: var(--bad); background: var(--bad); }
        .stages span { display: block; color: var(--soft); font-variant-numeric: tabular-nums; }
        @keyframes pulse { 50% { box-shadow: 0 0 0 .3rem color-mix(in srgb, var(--accent) 25%, transparent); } }
        @media (prefers-reduced-motion: reduce) { .stages .active::before { animation: none; } }
        .badge { padding: .1rem .6rem; border-radius: 1rem; font-size: .8125rem; font-weight: 600; white-space: nowrap;
          color: var(--soft); background: var(--sunk); }
        .problem { margin-top: .875rem; padding: .625rem .875rem; border-radius: .5rem; }
        .good { color: var(--good); background: var(--goodbg); }
        .bad { color: var(--bad); background: var(--badbg); }
        .warn { color: var(--warn); background: var(--warnbg); }
        pre { margin: .5rem 0 0; padding: .75rem .875rem; border-radius: .5rem; background: var(--sunk);
          overflow: auto; max-height: 22rem; white-space: pre-wrap; overflow-wrap: anywhere;
          font: .8125rem/1.5 ui-monospace, monospace; }
        dl { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: .125rem .875rem; margin: .75rem 0 0;
          font-size: .875rem; }
        dt, summary { color: var(--soft); }
        dd { margin: 0; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
        details { margin-top: .625rem; font-size: .875rem; cursor: pointer; }
        .empty { margin: 0; text-align: center; color: var(--soft); border-style: dashed; }
        """#
}
