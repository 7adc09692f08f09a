// Putback: upload gateway
// SPDX-License-Identifier: Apache-2.0

/// The page of the demo's app: uploads through the gateway and shows the callbacks that arrive.
///
/// One document without external resources. It needs `GET /callbacks`, a JSON array of objects with `time` (ISO 8601
/// or Unix milliseconds), `bucket`, `object`, `size`, `etag`, `mimeType`, `device`, `verified` and `body`.
package enum DemoPage {
    /// The page and the `Content-Security-Policy` to send with it.
    ///
    /// - Parameters:
    ///   - uploadBase: the gateway's origin; where it is not the page's own, the gateway has to allow the page by CORS
    ///     and expose `ETag` and `Putback-Request-Id`.
    ///   - nonce: new and unpredictable for every answer, of characters that Base64 has.
    static func render(uploadBase: String, nonce: String) -> (html: String, policy: String) {
        let base = uploadBase.replacing("&", with: "&amp;").replacing("\"", with: "&quot;").replacing("<", with: "&lt;")
        let page = html.replacing("__UPLOAD_BASE__", with: base).replacing("__NONCE__", with: nonce)
        let policy =
            "default-src 'none'; style-src 'nonce-\(nonce)'; script-src 'nonce-\(nonce)'; img-src data:;"
            + " connect-src 'self' \(uploadBase); base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        return (page, policy)
    }

    /// `__UPLOAD_BASE__` stands for the gateway's origin, `__NONCE__` for the policy's nonce.
    static let html = #"""
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="upload-base" content="__UPLOAD_BASE__">
        <title>Putback demo</title>
        <link rel="icon" href="data:,">
        <style nonce="__NONCE__">
        \#(style)
        </style>
        </head>
        <body>
        <main>
        <header>
          <h1>Putback demo</h1>
          <p class="soft">Your browser sends a plain upload. Putback signs it and streams it to the store, the
            store calls this app back, and the app’s answer comes back to your browser.</p>
        </header>
        <div class="columns">
          <section aria-labelledby="upload-title">
            <div class="row"><h2 id="upload-title">Upload</h2>
              <button type="button" id="sample">Send a sample picture</button></div>
            <label class="drop" id="drop">
              <input type="file" id="file" multiple>
              <strong>Choose files</strong> or drop them here
              <span class="soft small">PUT <span id="target"></span></span>
            </label>
            <ul class="list uploads" id="uploads"></ul>
          </section>
          <section aria-labelledby="callbacks-title">
            <div class="row"><h2 id="callbacks-title">Callbacks received</h2>
              <span class="badge" id="live" role="status">connecting</span></div>
            <ul class="list" id="callbacks" aria-live="polite" aria-relevant="additions"></ul>
            <p class="card empty" id="none">None yet. The app shows each callback here as it arrives.</p>
          </section>
        </div>
        <template id="upload-template">
          <li class="card">
            <div class="row"><h3></h3><button type="button" class="cancel">Cancel</button>
              <span class="badge" role="status"></span></div>
            <p class="soft small size"></p>
            <progress max="1" value="0" aria-label="Bytes sent"></progress>
            <ol class="stages">
              <li class="active" data-stage="sent">Sent<span></span></li>
              <li data-stage="stored">Stored<span></span></li>
              <li data-stage="callback">Callback verified<span></span></li>
              <li data-stage="answered">Answered<span></span></li>
            </ol>
            <div class="problem" role="alert" hidden><strong></strong><p></p></div>
            <dl hidden></dl>
            <div class="answer" hidden><p class="soft small"></p><pre tabindex="0"></pre></div>
          </li>
        </template>
        <template id="callback-template">
          <li class="card">
            <div class="row"><h3></h3><span class="badge"></span></div>
            <dl></dl>
            <details><summary>Body of the callback</summary><pre tabindex="0"></pre></details>
          </li>
        </template>
        </main>
        <script nonce="__NONCE__">
        \#(script)
        </script>
        </body>
        </html>

        """#
}
