// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

extension DemoPage {
    /// What the page does: uploads by XMLHttpRequest, which alone reports progress, and polling for callbacks.
    /// Text from outside reaches the page as text only.
    static let script = #"""
        "use strict";
        const byId = (id) => document.getElementById(id);
        const clone = (id) => byId(id).content.cloneNode(true).firstElementChild;
        const base = document.querySelector("meta[name=upload-base]").content.replace(/\/+$/, "");
        const open = new Set();      // uploads whose callback was not seen yet
        const shown = new Set();     // callbacks on the page, by identity
        let pollTimer, pollCount = 0;

        byId("target").textContent = `${base || location.origin}/photos/…`;

        function bytes(count) {
          if (!Number.isFinite(count)) return "";
          const units = ["bytes", "KiB", "MiB", "GiB"];
          let unit = 0;
          while (count >= 1024 && unit < 3) { count /= 1024; unit += 1; }
          return `${unit ? count.toFixed(1) : count} ${unit || count !== 1 ? units[unit] : "byte"}`;
        }

        function duration(time) {
          return time < 1000 ? `${Math.max(0, Math.round(time))} ms` : `${(time / 1000).toFixed(2)} s`;
        }

        function pretty(value) {
          if (typeof value !== "string") return JSON.stringify(value, null, 2);
          try { return JSON.stringify(JSON.parse(value), null, 2); } catch { return value; }
        }

        function fill(list, pairs) {
          list.replaceChildren();
          for (const [name, value] of pairs.filter(([, value]) => value)) {
            const term = document.createElement("dt"), description = document.createElement("dd");
            term.textContent = name;
            description.textContent = value;
            list.append(term, description);
          }
          list.hidden = !list.children.length;
        }

        const plainETag = (text) => String(text ?? "").replace(/^W\/|"/g, "").toUpperCase();

        class Upload {
          constructor(file) {
            this.file = file;
            this.element = clone("upload-template");
            this.find("h3").textContent = file.name;
            this.find(".size").textContent = [bytes(file.size), file.type].filter(Boolean).join(" · ");
            byId("uploads").prepend(this.element);
            this.start();
          }

          find(selector) { return this.element.querySelector(selector); }

          stage(name, state, note = "") {
            const item = this.find(`[data-stage=${name}]`);
            item.className = state;
            item.querySelector("span").textContent = note;
          }

          badge(text, kind) {
            const badge = this.find(".badge");
            badge.textContent = text;
            badge.className = `badge ${kind}`;
            this.find(".cancel").hidden = true;
          }

          start() {
            const request = new XMLHttpRequest(), progress = this.find("progress");
            this.startedAt = Date.now();
            const clock = performance.now();
            this.elapsed = () => performance.now() - clock;
            request.upload.onprogress = (event) => { progress.value = event.loaded / (event.total || 1); };
            request.upload.onload = () => this.sent();
            request.onload = () => this.answered(request);
            request.onerror = () => this.stopped("No answer",
              "The gateway cannot be reached, or the connection ended before its answer came.");
            request.onabort = () => this.stopped("Cancelled", this.sentAfter === undefined
              ? "Nothing is stored and no callback is made."
              : "Everything had been sent already, so the upload may be stored all the same.");
            this.find(".cancel").onclick = () => request.abort();
            request.open("PUT", `${base}/photos/${encodeURIComponent(this.file.name)}`);
            request.setRequestHeader("Content-Type", this.file.type || "application/octet-stream");
            request.setRequestHeader("X-Device-Id", "browser");
            request.send(this.file);
          }

          sent() {
            this.find("progress").value = 1;
            this.sentAfter ??= this.elapsed();
            this.stage("sent", "done", duration(this.sentAfter));
            this.stage("stored", "active");
          }

          answered(request) {
            const took = duration(this.elapsed()), text = request.responseText;
            const type = request.getResponseHeader("Content-Type") || "";
            const success = request.status >= 200 && request.status < 300 && request.status !== 203;
            let problem = {};
            if (!success) { try { problem = JSON.parse(text) ?? {}; } catch { /* the status has to do */ } }
            const stored = success || request.status === 203 || problem.stored === true;

            this.find("progress").hidden = true;
            this.sent();
            this.stage("stored", stored ? "done" : "failed", stored ? "yes" : "no");
            this.stage("answered", "done", took);
            const kind = success ? "good" : stored ? "warn" : "bad";
            this.stage("callback", ...{ good: ["active"], warn: ["failed", "failed"], bad: ["", "not made"] }[kind]);
            const words = { good: took, warn: "stored, callback failed", bad: "not stored" }[kind];
            this.badge(`${request.status} · ${words}`, kind);

            const etag = request.getResponseHeader("ETag") || problem.etag;
            fill(this.find("dl"), [["ETag", etag], ["Request id", request.getResponseHeader("Putback-Request-Id")]]);
            if (!success) this.explain(kind, problem.title || `The gateway answered ${request.status}`, problem.detail);
            if (text) {
              this.find(".answer p").textContent = success ? "The app’s answer" : `The gateway’s answer · ${type}`;
              this.find(".answer pre").textContent = pretty(text);
              this.find(".answer").hidden = false;
            }
            if (success) {
              this.etag = plainETag(etag);
              open.add(this);
              setTimeout(() => { if (open.delete(this)) this.stage("callback", "", "none seen"); }, 10000);
              poll();
            }
          }

          /** The callback of this upload, found in the app's list: what came before it had happened by then. */
          called(record) {
            open.delete(this);
            const after = new Date(record.time) - this.startedAt, [, words] = judged(record);
            if (after < this.sentAfter) this.stage("sent", "done", `by ${duration(after)}`);
            this.stage("stored", "done", `by ${duration(after)}`);
            if (record.verified === true) this.stage("callback", "done", duration(after));
            else this.stage("callback", record.verified === false ? "failed" : "", words);
          }

          stopped(title, detail) {
            this.find("progress").hidden = true;
            for (const item of this.element.querySelectorAll(".active")) item.className = "failed";
            this.badge(title, "bad");
            this.explain("bad", title, detail);
          }

          explain(kind, title, detail = "") {
            const box = this.find(".problem");
            box.classList.add(kind);
            box.querySelector("strong").textContent = title;
            box.querySelector("p").textContent = detail;
            box.hidden = false;
          }
        }

        function judged(record) {
          if (record.verified === true) return ["good", "✓ signature verified"];
          return record.verified === false ? ["bad", "✕ signature not valid"] : ["warn", "not signed"];
        }

        function show(record) {
          const key = JSON.stringify([record.time, record.bucket, record.object, record.etag, record.body]);
          if (shown.has(key)) return;
          shown.add(key);
          const element = clone("callback-template");
          element.querySelector("h3").textContent = record.object;
          const badge = element.querySelector(".badge"), [kind, words] = judged(record);
          badge.className = `badge ${kind}`;
          badge.textContent = words;
          fill(element.querySelector("dl"), [
            ["Received", new Date(record.time).toLocaleTimeString()], ["Bucket", record.bucket],
            ["Size", bytes(Number(record.size))], ["Type", record.mimeType], ["ETag", record.etag],
            ["Device", record.device],
          ]);
          element.querySelector("pre").textContent = pretty(record.body);
          byId("callbacks").prepend(element);
          byId("none").hidden = true;
        }

        async function poll() {
          clearTimeout(pollTimer);
          const number = ++pollCount, live = byId("live");
          try {
            const answer = await fetch("/callbacks", { cache: "no-store" });
            if (!answer.ok) throw new Error(answer.status);
            const records = (await answer.json()).sort((left, right) => new Date(left.time) - new Date(right.time));
            records.forEach(show);
            for (const upload of [...open]) {
              const record = records.findLast((each) => plainETag(each.etag) === upload.etag
                && new Date(each.time) >= upload.startedAt - 1000);
              if (record) upload.called(record);
            }
            live.textContent = "live";
            live.className = "badge good";
          } catch {
            live.textContent = "app not reachable";
            live.className = "badge bad";
          }
          if (number === pollCount) pollTimer = setTimeout(poll, open.size ? 250 : document.hidden ? 5000 : 1000);
        }

        function samplePicture() {
          const canvas = document.createElement("canvas"), context = canvas.getContext("2d");
          canvas.width = 640;
          canvas.height = 400;
          const sky = context.createLinearGradient(0, 0, 640, 400), hue = Math.random() * 360;
          sky.addColorStop(0, `hsl(${hue} 70% 60%)`);
          sky.addColorStop(1, `hsl(${hue + 70} 70% 35%)`);
          context.fillStyle = sky;
          context.fillRect(0, 0, 640, 400);
          context.fillStyle = "white";
          context.font = "600 40px system-ui";
          context.fillText(`Putback ${new Date(Date.now()).toLocaleTimeString()}`, 40, 210);
          const name = `sample-${Date.now()}.png`, type = "image/png";
          canvas.toBlob((blob) => new Upload(new File([blob], name, { type })), type);
        }

        const drop = byId("drop"), chooser = byId("file");
        const sendAll = (files) => { for (const file of files) new Upload(file); };
        chooser.addEventListener("change", () => { sendAll(chooser.files); chooser.value = ""; });
        drop.addEventListener("dragover", (event) => { event.preventDefault(); drop.classList.add("over"); });
        drop.addEventListener("dragleave", () => drop.classList.remove("over"));
        drop.addEventListener("drop", (event) => {
          event.preventDefault();
          drop.classList.remove("over");
          sendAll(event.dataTransfer.files);
        });
        byId("sample").addEventListener("click", samplePicture);
        document.addEventListener("visibilitychange", () => { if (!document.hidden) poll(); });
        poll();
        """#
}
