// @ts-check
/**
 * Marks the commentable nodes of a page with the number of their comments.
 *
 * One request tells the counts; without an answer the page stays as it was written.
 *
 * @typedef {import("./types.js").DocumentAnswer} DocumentAnswer
 * @typedef {import("./types.js").Marker} Marker
 * @typedef {import("./types.js").Page} Page
 * @typedef {import("./types.js").OpenThread} OpenThread
 */

/** What the service said, in words for the reader. */
class ServiceError extends Error {}

/** @type {import("./types.js").Settings} */
const settings = JSON.parse(document.getElementById("websupport-data")?.textContent || "{}");
const language = document.documentElement.lang || "en";
/** @type {Map<string, Marker>} */
const markers = new Map();
/** @type {Map<string, OpenThread>} */
const open = new Map();
const narrow = matchMedia("(max-width: 40em)");
/** @type {Promise<unknown> | undefined} */
let spoken;

/** Say something in the page's language. @type {Page["say"]} */
function say(text, values = {}) {
  const words = settings.words?.[text];
  return fill(typeof words === "string" ? words : text, values);
}

/** Say how many. @type {Page["count"]} */
function count(one, many, n, values = {}) {
  const words = settings.words?.[many];
  const forms = typeof words === "object" ? words : { one, other: many };
  const form = new Intl.PluralRules(typeof words === "object" ? language : "en").select(n);
  return fill(forms[form] ?? forms.other ?? many, { ...values, n });
}

/** Make an element, with attributes and listeners. @type {Page["make"]} */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  for (const child of children) if (child) element.append(child);
  return element;
}

/** @param {string} text @param {Record<string, string | number>} values */
function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (all, name) => String(values[name] ?? all));
}

function unreachable() {
  return say("The server cannot be reached. Nothing is lost: try again later.");
}

/** Ask the service. @type {Page["call"]} */
async function call(method, path, body, headers) {
  let response;
  try {
    response = await page.fetch(`${page.url}/${path}`, {
      method,
      headers: { ...headers, ...(body && { "Content-Type": "application/json" }) },
      body: body && JSON.stringify(body),
    });
  } catch {
    throw new ServiceError(unreachable());
  }
  const value = response.status === 204 ? null : await response.json().catch(() => null);
  if (!response.ok) {
    const reason = value?.detail || value?.title || `HTTP ${response.status}`;
    throw new ServiceError(say("This did not work: {reason}", { reason }));
  }
  return value;
}

/** @param {string} name */
const get = (name) => import(`./websupport-${name}.js?v=${settings.version}`);

/** Load another file, and what it says. @type {Page["load"]} */
async function load(name) {
  const { words } = settings;
  spoken ??= words && get("words").then((more) => Object.assign(words, more.default));
  // Without its words it speaks English.
  const [module] = await Promise.all([get(name), spoken?.catch(() => {})]);
  return module;
}

/**
 * Find out which node an element is, by its own id or that of an empty span in or before it.
 *
 * @param {Element} element
 * @param {DocumentAnswer["nodes"]} nodes
 */
function nodeOf(element, nodes) {
  const candidates = [element, ...element.querySelectorAll(":scope > span[id]:empty")];
  let before = element.previousElementSibling;
  while (before?.matches("span[id]:empty")) {
    candidates.push(before);
    before = before.previousElementSibling;
  }
  return candidates.map((c) => c.id.slice(1)).find((id) => Object.hasOwn(nodes, id));
}

/** @param {string} node @param {Element} host @param {number} comments @param {string} title */
function addMarker(node, host, comments, title) {
  const button = make("button", {
    type: "button",
    class: "websupport-marker",
    "aria-expanded": "false",
    "aria-controls": `websupport-${node}`,
    click: (event) => toggle(node, event.detail > 0),
  });
  markers.set(node, { button, host, count: 0, title });
  setCount(node, comments);
  return button;
}

/** @param {string} node @param {number} n */
function setCount(node, n) {
  const marker = markers.get(node);
  if (!marker) return;
  marker.count = n;
  const label = n
    ? count("{n} comment on: {title}", "{n} comments on: {title}", n, { title: marker.title })
    : say("Comment on: {title}", { title: marker.title });
  marker.button.setAttribute("aria-label", label);
  marker.button.dataset.count = n ? String(n) : "";
}

/** Note the page's colours, for themes without names for theirs. */
function adoptColours() {
  const host = document.querySelector(".sphinx-has-comment") ?? document.body;
  /** @type {Element | null} */
  let around = host;
  let page = "";
  for (; around && !page; around = around.parentElement) {
    const { backgroundColor } = getComputedStyle(around);
    if (!/^rgba\(.*, 0\)$/.test(backgroundColor)) page = backgroundColor;
  }
  const link = make("a", { class: "reference", href: "#" });
  host.append(link);
  const colours = { ink: getComputedStyle(host).color, link: getComputedStyle(link).color, page };
  link.remove();
  for (const [name, colour] of Object.entries(colours)) {
    document.documentElement.style.setProperty(`--ws-${name}`, colour);
  }
}

/** Put each marker into the margin, or below its paragraph where there is none. */
function placeMarkers() {
  const root = document.documentElement;
  const rtl = getComputedStyle(document.body).direction === "rtl";
  /** @param {Element} element */
  const endOf = (element) => {
    const { left, right } = element.getBoundingClientRect();
    return rtl ? -left : right;
  };
  // Read first, write then: the page is laid out once.
  const boxes = [...markers.values()].map(({ button, host }) => {
    return { button, host, end: endOf(host), inside: host.closest("td, th, pre") !== null };
  });
  const edge = Math.max(...boxes.map((box) => box.end));
  let limit = rtl ? 0 : root.clientWidth;
  // What is around a paragraph may cut off what sticks out of it.
  let around = boxes.find((box) => !box.inside)?.host.parentElement;
  for (; around && around !== root; around = around.parentElement) {
    if (getComputedStyle(around).overflowX !== "visible") limit = Math.min(limit, endOf(around));
  }
  for (const { button, end, inside } of boxes) {
    button.classList.toggle("websupport-below", inside || limit - edge < 34);
    button.style.setProperty("--ws-shift", `${edge - end}px`);
  }
}

/** @param {DocumentAnswer} answer */
async function mark({ nodes, detached }) {
  adoptColours();
  for (const host of document.querySelectorAll(".sphinx-has-comment")) {
    const node = nodeOf(host, nodes);
    if (!node || markers.has(node)) continue;
    // With scripts its content is text.
    host.querySelector(":scope > noscript")?.remove();
    const title = (host.textContent ?? "").trim().replace(/\s+/g, " ").slice(0, 60);
    const button = addMarker(node, host, nodes[node]?.count ?? 0, title);
    // A button may not stand in these themselves.
    if (host.matches("table, ol, ul, dl, img, tr")) {
      const stand = make("div", { class: "websupport-stand" }, button);
      (host.closest("table") ?? host).before(stand);
    } else host.append(button);
  }
  let width = 0;
  new ResizeObserver(() => {
    if (width !== document.body.clientWidth) placeMarkers();
    width = document.body.clientWidth;
  }).observe(document.body);
  if (detached.length) (await load("retired")).list(page, detached, addMarker);
}

/**
 * Open a node's thread, or close it.
 *
 * @param {string} node
 * @param {boolean} [pointed] whether by a pointer: then the next thing is to type
 */
async function toggle(node, pointed) {
  const thread = open.get(node);
  if (thread) return thread.close();
  try {
    await openThread(node, pointed);
  } catch {
    // Its files could not be loaded: there is nothing yet to say it in.
    const { host, button } = /** @type {Marker} */ (markers.get(node));
    const problem = make("div", { class: "websupport-thread", role: "alert" }, unreachable());
    host.after(problem);
    button.addEventListener("blur", () => problem.remove(), { once: true });
  }
}

/** @param {string} node @param {boolean} [pointed] @returns {Promise<OpenThread | undefined>} */
async function openThread(node, pointed) {
  const marker = markers.get(node);
  if (!marker) return undefined;
  const [reading, actions, writing] = await Promise.all(["thread", "actions", "writing"].map(load));
  const known = open.get(node);
  if (known) return known;
  if (narrow.matches) for (const other of open.values()) other.close();
  marker.button.setAttribute("aria-expanded", "true");
  const modules = { ...actions, ...writing };
  const thread = reading.openThread(page, node, marker, modules, Boolean(pointed), () => {
    open.delete(node);
    marker.button.setAttribute("aria-expanded", "false");
  });
  open.set(node, thread);
  return thread;
}

/** Show the comment that the address names. */
async function follow() {
  if (/^#comment-./.test(location.hash)) await (await load("link")).follow(page, markers, openThread);
}

/** @type {Page} */
const page = {
  viewer: /** @type {Page["viewer"]} */ ({}),
  language,
  direction: settings.direction,
  url: settings.url?.replace(/\/$/, ""),
  store: `websupport:${settings.url}:`,
  async refresh() {
    // A page of the singlehtml builder holds many documents.
    const names = settings.documents ?? [settings.document];
    const paths = names.map((name) => name.split("/").map(encodeURIComponent).join("/"));
    /** @type {DocumentAnswer[]} */
    const answers = await Promise.all(paths.map((path) => call("GET", `documents/${path}`)));
    const [first] = answers;
    if (first) page.viewer = first.viewer;
    return {
      viewer: page.viewer,
      nodes: Object.assign({}, ...answers.map(({ nodes }) => nodes)),
      detached: answers.flatMap(({ detached }) => detached),
    };
  },
  fetch: (input, init) => fetch(input, init),
  call,
  say,
  count,
  make,
  load,
  setCount,
  adoptColours,
};

/** Mark the page, and keep it marked. */
async function start() {
  try {
    if (/^http/.test(settings.url)) await (await load("session")).resume(page, settings);
    await mark(await page.refresh());
    await follow();
  } catch (error) {
    // A page without its service is still a page.
    if (!(error instanceof ServiceError)) throw error;
    return;
  }
  addEventListener("hashchange", follow);
  // A finger has no hover: the paragraph that was touched last shows its marker.
  addEventListener("pointerup", ({ pointerType, target }) => {
    if (pointerType !== "touch" || !(target instanceof Element)) return;
    document.querySelector(".websupport-touched")?.classList.remove("websupport-touched");
    target.closest(".sphinx-has-comment")?.classList.add("websupport-touched");
  });
}

if (settings.url && settings.document) start();
