// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

extension StatusPage {
    /// Asks for newer parts every two seconds, while somebody looks, and puts them where the old ones are. The server
    /// renders them, and escapes what clients said, in one place.
    static let script = #"""
        "use strict";
        const badge = document.getElementById("live-badge"), button = document.getElementById("pause");
        const shown = new Map();     // parts as they came last, by id
        let paused = false, timer, number = 0;

        function say(text, kind) {
          if (badge.textContent === text) return;
          badge.textContent = text;
          badge.className = `badge ${kind}`;
        }

        async function refresh() {
          clearTimeout(timer);
          if (paused || document.hidden) return;
          const mine = ++number;
          try {
            const answer = await fetch("/status.json?fragments", { cache: "no-store", signal: AbortSignal.timeout(5000) });
            if (!answer.ok) throw new Error(answer.status);
            const { fragments } = await answer.json();
            if (paused || mine !== number) return;
            for (const [id, html] of Object.entries(fragments)) {
              if (shown.get(id) !== html) document.getElementById(id).innerHTML = html;
              shown.set(id, html);
            }
            say("live", "good");
          } catch {
            say("not reachable", "bad");
          }
          if (mine === number) timer = setTimeout(refresh, 2000);
        }

        button.hidden = false;
        button.addEventListener("click", () => {
          paused = !paused;
          button.textContent = paused ? "Resume" : "Pause";
          if (paused) say("paused", "warn");
          refresh();
        });
        document.addEventListener("visibilitychange", refresh);
        refresh();
        """#
}
