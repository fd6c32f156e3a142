// @ts-check
/**
 * Permanent links: to a comment, or to a paragraph with its thread open.
 *
 * @typedef {import("./types.js").Page} Page
 * @typedef {import("./types.js").Marker} Marker
 * @typedef {import("./types.js").OpenThread} OpenThread
 */

/**
 * Open the thread of the comment that the address names, and bring it into view.
 *
 * @param {Page} page
 * @param {Map<string, Marker>} markers
 * @param {(node: string) => Promise<OpenThread | undefined>} open
 */
export async function follow(page, markers, open) {
  let id, node;
  try {
    id = node = decodeURIComponent(location.hash.replace("#comment-", ""));
    // Earlier front ends named the paragraph.
    if (!markers.has(id)) {
      ({ node } = await page.call("GET", `comments/${encodeURIComponent(id)}`));
    }
  } catch {
    return; // It is gone, or was never there: the page is shown from its top.
  }
  const details = markers.get(node)?.host.closest("details");
  if (details) details.open = true;
  await (await open(node))?.show(id);
}
