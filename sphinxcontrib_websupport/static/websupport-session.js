// @ts-check
/**
 * Keeps a reader signed in on a page whose service is on another origin.
 *
 * Browsers keep cookies of another origin from such a page. It shows a signed token instead,
 * which it keeps in its own storage; nobody but the service is ever sent it.
 *
 * @typedef {import("./types.js").Page} Page
 * @typedef {import("./types.js").Settings} Settings
 */

/** What a moderator's link leads to. */
const LANDING = /^#websupport-token=(.+)/;

/** Have all that the page asks signed from now on. @param {Page} page @param {Settings} settings */
export async function resume(page, settings) {
  const key = `${page.store}token`;
  let token = stored();
  const { refresh } = page;
  page.keep = keep;
  page.fetch = async (input, init) => {
    const headers = new Headers(init?.headers);
    if (token) headers.set("Authorization", `Bearer ${token}`);
    const credentials = settings.credentials ? "include" : "omit";
    const response = await fetch(input, { ...init, headers, credentials });
    if (response.status === 401) keep();
    return response;
  };
  page.refresh = async () => {
    const answer = await refresh();
    // One that has expired names nobody.
    if (!answer.viewer.username) keep();
    return answer;
  };
  await land();

  function stored() {
    try {
      return localStorage.getItem(key) ?? "";
    } catch {
      return "";
    }
  }

  /** Keep a token, or forget the one that is kept. @param {string} [given] */
  function keep(given = "") {
    token = given;
    try {
      if (token) localStorage.setItem(key, token);
      else localStorage.removeItem(key);
    } catch {
      // Storage is full or forbidden: the reader is signed in until the page is left.
    }
  }

  /** Take what a moderator's link brought, and nothing else that stands in its place. */
  async function land() {
    const given = LANDING.exec(location.hash)?.[1];
    if (!given) return;
    history.replaceState(null, "", location.pathname + location.search);
    const before = token;
    token = given;
    // A reader's token would be somebody's who wants this reader to write in his name.
    const { moderator } = await page.call("GET", "session").catch(() => ({ moderator: false }));
    keep(moderator ? token : before);
  }
}
