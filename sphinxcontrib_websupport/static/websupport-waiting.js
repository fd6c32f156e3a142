// @ts-check
/**
 * Comments that wait for a moderator, shown to their author again after a reload.
 *
 * The service tells nobody else of them, so that the browser remembers which they are, and asks
 * whether they still wait. They are shown as they were typed, as text.
 *
 * @typedef {import("./types.js").Page} Page
 * @typedef {import("./types.js").Thread} Thread
 * @typedef {import("./types.js").Comment} Comment
 * @typedef {{node: string, text: string, username: string, parent: string | null, iso: string}} Waiting
 */

/** How many are remembered. */
const MOST = 50;

/** @param {Page} page @returns {Record<string, Waiting>} */
function load(page) {
  try {
    return JSON.parse(localStorage.getItem(`${page.store}waiting`) ?? "{}") ?? {};
  } catch {
    return {};
  }
}

/** @param {Page} page @param {Record<string, Waiting>} all */
function save(page, all) {
  try {
    const last = Object.entries(all).slice(-MOST);
    localStorage.setItem(`${page.store}waiting`, JSON.stringify(Object.fromEntries(last)));
  } catch {
    // Storage is full or forbidden: it is seen again when it is accepted.
  }
}

/** Remember a comment that was posted or changed just now. @param {Thread} thread @param {Comment} comment */
export function remember({ page, node }, comment) {
  const { id, parent, time } = comment;
  const { username } = page.viewer;
  const text = comment.original_text ?? "";
  save(page, { ...load(page), [id]: { node, text, username, parent, iso: time.iso } });
}

/** Show those of a thread that still wait. @param {Thread} thread */
export async function show(thread) {
  const { page, node, rows, modules } = thread;
  for (const [id, known] of Object.entries(load(page))) {
    // Another reader's, of the same browser, are that reader's to see.
    if (known.node !== node || known.username !== page.viewer.username) continue;
    const answer = await page
      .fetch(`${page.url}/comments/${encodeURIComponent(id)}`, { headers: modules.proof(page, id) })
      .catch(() => null);
    if (answer?.status !== 404 && !answer?.ok) continue;
    const { waiting } = answer.ok ? await answer.json() : { waiting: false };
    if (!waiting) {
      const { [id]: _, ...others } = load(page);
      save(page, others);
    } else if (!rows.has(id) && (!known.parent || rows.has(known.parent))) {
      thread.take([commentOf(page, id, known)]);
      thread.draw();
    }
  }
}

/** @param {Page} page @param {string} id @param {Waiting} known @returns {Comment} */
function commentOf(page, id, { text, username, parent, iso }) {
  return {
    id,
    text: page.make("p", {}, text).outerHTML,
    username: username || "Anonymous",
    rating: 0,
    vote: 0,
    time: { iso },
    displayed: false,
    edited: null,
    proposal_diff: null,
    parent,
    children: [],
  };
}
