// @ts-check
/**
 * The discussions whose paragraphs are gone, at the end of the page that they were on.
 *
 * @typedef {import("./types.js").Page} Page
 * @typedef {import("./types.js").Detached} Detached
 * @typedef {import("./types.js").Nearest} Nearest
 */

/**
 * List them.
 *
 * @param {Page} page
 * @param {Detached[]} detached
 * @param {(node: string, host: Element, comments: number, title: string) => Element} addMarker
 */
export function list(page, detached, addMarker) {
  const { make, say } = page;
  const summary = make("summary", {}, say("Comments on text that is no longer here"));
  const details = make("details", { class: "websupport-retired" }, summary);
  for (const { node, source, count, nearest } of detached) {
    const entry = make("div", {}, source);
    entry.append(addMarker(node, entry, count, source.slice(0, 60)));
    if (nearest) entry.append(...beside(page, node, source, nearest, entry));
    details.append(entry);
  }
  const body = document.querySelector("[role=main], main, article, .body") ?? document.body;
  body.append(details);
}

/**
 * Show the paragraph of today that is most like the one that is gone, and let a moderator
 * attach the discussion to it.
 *
 * @param {Page} page
 * @param {string} node
 * @param {string} source
 * @param {Nearest} nearest
 * @param {Element} entry
 */
function beside(page, node, source, nearest, entry) {
  const { make, say, call } = page;
  const place = make("a", { href: `#s${nearest.node}` }, say("The paragraph most like it today:"));
  const diff = make("div", { class: "websupport-diff" });
  diff.innerHTML = nearest.source_diff; // made by the server, of escaped text
  const shown = [make("div", { class: "websupport-note" }, place), diff];
  if (!page.viewer.moderator) return shown;

  const problem = make("div", { class: "websupport-error", role: "alert" });
  const title = source.slice(0, 60);
  const button = make(
    "button",
    {
      type: "button",
      "aria-label": say("Attach to the paragraph shown: {title}", { title }),
      click: attach,
    },
    say("Attach to the paragraph shown"),
  );
  return [...shown, button, problem];

  async function attach() {
    problem.textContent = "";
    button.disabled = true;
    try {
      await call("POST", `nodes/${encodeURIComponent(node)}/attach`, { to: nearest.node });
    } catch (error) {
      problem.textContent = error instanceof Error ? error.message : String(error);
      button.disabled = false;
      return;
    }
    // A thread that is open shows what was there before.
    for (const id of [node, nearest.node]) close(id);
    const there = make("a", { href: place.href }, say("Attached to this paragraph."));
    const told = make("div", { role: "status", tabindex: "-1" }, there);
    entry.replaceChildren(told);
    told.focus();
    // It is attached; counts that do not come stay as they were until the page is loaded again.
    const { nodes } = await page.refresh().catch(() => ({ nodes: {} }));
    for (const [id, { count }] of Object.entries(nodes)) page.setCount(id, count);
  }
}

/** Close a node's thread, if it is open. @param {string} node */
function close(node) {
  for (const marker of document.querySelectorAll(".websupport-marker[aria-expanded=true]")) {
    if (!(marker instanceof HTMLElement)) continue;
    if (marker.getAttribute("aria-controls") === `websupport-${node}`) marker.click();
  }
}
