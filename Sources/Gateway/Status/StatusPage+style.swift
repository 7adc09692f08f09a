// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

extension StatusPage {
    /// How the page looks, in light and dark; every colour is a variable.
    static let style = #"""
        :root {
          color-scheme: light dark;
          --page: light-dark(#f5f6f8, #12151a); --card: light-dark(#fff, #1b2027);
          --line: light-dark(#dde1e7, #323943);
          --text: light-dark(#1a1f26, #e8ebef); --soft: light-dark(#566070, #9aa5b4);
          --good: light-dark(#176b3a, #6fd49a); --goodbg: light-dark(#e2f5e9, #12321f);
          --bad: light-dark(#a8201a, #ff9a92); --badbg: light-dark(#fdeae8, #3a1815);
          --warn: light-dark(#7a4d00, #f0c070); --warnbg: light-dark(#fdf1da, #35270c);
          --accent: light-dark(#2456d6, #86a8ff); --none: light-dark(#f0f2f5, #13171c);
          font: 16px/1.5 system-ui, sans-serif;
        }
        * { box-sizing: border-box; }
        [hidden] { display: none !important; }
        body { margin: 0; background: var(--page); color: var(--text); font-variant-numeric: tabular-nums; }
        main { max-width: 76rem; margin: 0 auto; padding: 2rem 1.25rem 3rem; }
        h1, h2, h3 { margin: 0; font-size: 1rem; }
        h1 { font-size: 1.75rem; letter-spacing: -.02em; } h2 { font-size: 1.0625rem; margin-bottom: .75rem; }
        p { margin: .25rem 0 0; }
        section { margin-top: 2rem; } footer { margin-top: 2rem; }
        a { color: var(--accent); }
        .soft { color: var(--soft); } .small { font-size: .875rem; }
        .under { display: block; overflow-wrap: anywhere; }
        .row { display: flex; flex-wrap: wrap; gap: .25rem .75rem; align-items: center;
          justify-content: space-between; }
        button { font: inherit; font-size: .9375rem; padding: .3rem .9rem; border-radius: .5rem; cursor: pointer;
          border: 1px solid var(--line); background: var(--card); color: var(--text); }
        button:hover { border-color: var(--accent); }
        :focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
        code { font: .875em ui-monospace, monospace; }
        .card { border: 1px solid var(--line); border-radius: .75rem; background: var(--card); }
        .badge { padding: .1rem .6rem; border-radius: 1rem; font-size: .8125rem; font-weight: 600; white-space: nowrap;
          color: var(--soft); background: var(--none); }
        .badge:empty { display: none; }
        .problem { margin-top: .75rem; padding: .625rem .875rem; border-radius: .5rem; overflow-wrap: anywhere; }
        .good { color: var(--good); background: var(--goodbg); }
        .bad { color: var(--bad); background: var(--badbg); }
        .warn { color: var(--warn); background: var(--warnbg); }
        .empty { margin: 0; padding: 1rem; text-align: center; color: var(--soft); border-style: dashed; }
        .tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: .75rem;
          margin: 1.25rem 0 0; }
        .tile { padding: .625rem .875rem; } .tile dd { margin: 0; font-size: 1.375rem; font-weight: 600; }
        .tile.bad dt { color: inherit; } .tile.bad { border-color: transparent; }
        .charts { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(min(20rem, 100%), 1fr)); }
        figure { margin: 0; padding: .875rem 1rem; }
        .key { display: inline-block; margin-right: .75rem; background: none; color: inherit; }
        .key::before { content: ""; display: inline-block; width: .625rem; height: .625rem; margin-right: .375rem;
          border-radius: .125rem; background: var(--key); }
        .good { --key: var(--good); } .bad { --key: var(--bad); } .warn { --key: var(--warn); }
        .accent { --key: var(--accent); }
        .plot { position: relative; margin-top: .5rem; }
        .most { position: absolute; top: 0; left: .25rem; padding: 0 .25rem; border-radius: .25rem;
          background: color-mix(in srgb, var(--card) 80%, transparent); }
        svg { display: block; width: 100%; height: 8rem; }
        svg path { vector-effect: non-scaling-stroke; fill: none; stroke: var(--key); stroke-width: 1.5; }
        svg .area { fill: color-mix(in srgb, var(--key) 25%, transparent); stroke-width: 1; }
        svg .grid { stroke: var(--line); stroke-width: 1; }
        .axis { display: flex; justify-content: space-between; }
        table { width: 100%; border-collapse: separate; border-spacing: 0; }
        th { padding: .625rem 1rem .25rem; text-align: left; font-weight: 400; font-size: .875rem; color: var(--soft); }
        td { padding: .5rem 1rem; vertical-align: top; }
        tbody tr + tr td { border-top: 1px solid var(--line); }
        .name { font-weight: 600; overflow-wrap: anywhere; }
        progress { display: block; width: 100%; min-width: 8rem; height: .5rem; margin: .5rem 0 .25rem;
          accent-color: var(--accent); }
        .bar { display: block; min-width: 13rem; }
        time, .still { white-space: nowrap; }
        @media (max-width: 48rem) {
          main { padding: 1.25rem .875rem 2rem; }
          table, tbody, tr, td { display: block; }
          thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
          tr { padding: .625rem 0; } tbody tr + tr { border-top: 1px solid var(--line); }
          tbody tr + tr td { border-top: 0; }
          td { padding: .125rem 1rem; }
          td:not(:first-child)::before { content: attr(data-name) ": "; color: var(--soft); font-size: .875rem; }
        }
        @media (prefers-contrast: more) { :root { --soft: var(--text); --line: var(--text); } }
        """#
}
