// @ts-check
/**
 * One open thread, to be read.
 *
 * Comments are drawn as one flat list, replies indented behind what they answer, so that a
 * chain of a thousand replies is no deeper in the document than a single comment.
 *
 * @typedef {import("./types.js").Comment} Comment
 * @typedef {import("./types.js").Row} Row
 */

const DEEPEST = 5;
const DELETED = "[deleted]";

/** Say how long ago something was. @param {string} iso @param {string} language */
function ago(iso, language) {
  const seconds = (Date.now() - Date.parse(iso)) / 1000;
  const format = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
  for (const [unit, length] of /** @type {const} */ ([
    ["year", 31557600],
    ["month", 2629800],
    ["week", 604800],
    ["day", 86400],
    ["hour", 3600],
    ["minute", 60],
  ])) {
    if (seconds >= length) return format.format(-Math.trunc(seconds / length), unit);
  }
  return format.format(0, "second");
}

/** Put a section where HTML allows one. @param {Element} host @param {Element} section */
function insert(host, section) {
  const table = host.closest("table");
  if (host.matches("dt")) {
    if (host.nextElementSibling?.matches("dd")) host.nextElementSibling.prepend(section);
    else host.closest("dl")?.after(section);
  } else if (table) {
    const frame = ".table-wrapper, .wy-table-responsive, .pst-scrollable-table-container";
    (table.closest(frame) ?? table).after(section);
  } else if (host.matches("li, dd")) host.append(section);
  else host.after(section);
}

/** Open a node's thread in place. @type {import("./types.js").OpenThreadIn} */
export function openThread(page, node, marker, modules, pointed, closed) {
  const { call, say, count, make, language } = page;
  /** @type {Map<string, Row>} */
  const rows = new Map();
  /** @type {string[]} */
  const top = [];
  /** @type {string | null} */
  let next = null;
  let source = "";
  /** @type {HTMLElement | undefined} */
  let composer;

  const heading = make("div", {
    class: "websupport-heading",
    role: "heading",
    "aria-level": "2",
    tabindex: "-1",
    id: `websupport-${node}-heading`,
  });
  const list = make("div", { class: "websupport-comments", role: "list" });
  const problem = make("div", { class: "websupport-error", role: "alert" });
  const status = make("div", { class: "websupport-hidden", role: "status" });
  const more = action(say("Show more comments"), () => attempt(problem, loadMore));
  const sort = make(
    "select",
    { "aria-label": say("Sort comments"), change: () => attempt(problem, loadAll) },
    make("option", { value: "oldest" }, say("Oldest first")),
    make("option", { value: "newest" }, say("Newest first")),
    make("option", { value: "best" }, say("Best first")),
  );
  const shut = action("×", close, say("Close"));
  const section = make(
    "section",
    {
      class: "websupport-thread",
      dir: page.direction,
      id: `websupport-${node}`,
      "aria-labelledby": heading.id,
      keydown: onKey,
    },
    make("div", { class: "websupport-head" }, heading, sort, shut),
    list,
    more,
    problem,
    status,
  );
  /** @type {import("./types.js").Thread} */
  const thread = {
    page,
    node,
    section,
    modules,
    source: () => source,
    attempt,
    action,
    redraw,
    drawRow,
    added,
    take,
    draw,
    rows,
    top,
    heading,
    marker,
    announce: (text) => (status.textContent = text),
  };

  // -- what is shown ------------------------------------------------------------------------

  /** Put the rows in order; those in their place already are not touched. */
  function draw() {
    // What is last is drawn first. One's own comment may have come before older ones.
    const roots = sort.value === "newest" ? [...top] : [...top].reverse();
    const sign = sort.value === "oldest" ? -1 : 1;
    roots.sort((a, b) => sign * (rank(a) - rank(b)));
    /** @type {[string, number][]} */
    const pending = roots.map((id) => [id, 0]);
    let place = list.firstElementChild;
    for (let item = pending.pop(); item; item = pending.pop()) {
      const [id, depth] = item;
      const row = rows.get(id);
      if (!row) continue;
      row.element.dataset.depth = String(Math.min(depth, DEEPEST));
      if (row.element === place) place = place.nextElementSibling;
      else list.insertBefore(row.element, place);
      for (const reply of [...row.replies].reverse()) pending.push([reply, depth + 1]);
    }
    const n = marker.count;
    heading.textContent = n
      ? count("{n} comment", "{n} comments", n)
      : rows.size
        ? say("Comments")
        : say("No comments yet");
    sort.hidden = top.length < 2;
    more.hidden = !next;
  }

  /** @param {string} id */
  function rank(id) {
    const { rating, time } = /** @type {Row} */ (rows.get(id)).comment;
    return sort.value === "best" ? rating : Date.parse(time.iso);
  }

  /** @param {Comment} comment */
  function nameOf({ username }) {
    return username === DELETED ? say("[deleted]") : username === "Anonymous" ? say("Anonymous") : username;
  }

  /** @param {string} iso */
  function when(iso) {
    return new Date(iso).toLocaleString(language);
  }

  /** @param {Row} row */
  function drawRow(row) {
    const { comment, body } = row;
    const exists = comment.username !== DELETED;
    const author = nameOf(comment);
    const parent = comment.parent && rows.get(comment.parent)?.comment;
    const { iso } = comment.time;
    const text = make("div", { class: "websupport-text" });
    if (exists) text.innerHTML = comment.text; // cleaned by the server when it was written
    else text.textContent = author;
    body.replaceChildren(
      make(
        "div",
        { class: "websupport-meta" },
        make("span", { class: "websupport-name" }, author),
        parent && make("span", {}, say("answers {author}", { author: nameOf(parent) })),
        make(
          "a",
          {
            href: `#comment-${encodeURIComponent(comment.id)}`,
            title: when(iso),
          },
          make("time", { datetime: iso }, ago(iso, language)),
        ),
        comment.edited && make("span", { title: when(comment.edited) }, say("edited")),
        !comment.displayed &&
          make("span", { class: "websupport-badge" }, say("waiting for a moderator")),
      ),
      text,
    );
    if (comment.proposal_diff !== null) {
      const diff = make("div", { class: "websupport-diff" });
      diff.innerHTML = comment.proposal_diff; // made by the server, of escaped text
      body.append(make("div", { class: "websupport-note" }, say("Proposed change:")), diff);
    }
    body.append(...modules.actionsFor(thread, row, author, exists));
  }

  /** Make a button. @type {import("./types.js").Thread["action"]} */
  function action(text, click, label = text) {
    return make("button", { type: "button", class: "websupport-action", click, "aria-label": label }, text);
  }

  /** Show who may do what, after that has changed. */
  function redraw() {
    for (const row of rows.values()) drawRow(row);
    const { may_comment, may_sign_in } = page.viewer;
    const fresh =
      may_comment || may_sign_in
        ? modules.compose(thread, {
            label: say("Add a comment"),
            key: node,
            path: `nodes/${encodeURIComponent(node)}/comments`,
          })
        : make("div", { class: "websupport-note" }, say("Sign in to comment."));
    composer?.remove();
    section.append((composer = fresh));
  }

  // -- what is read -------------------------------------------------------------------------

  /** Take comments in, however deep their replies. @param {Comment[]} comments */
  function take(comments) {
    const pending = [...comments].reverse();
    for (let comment = pending.pop(); comment; comment = pending.pop()) {
      if (rows.has(comment.id)) continue;
      const body = make("div");
      const element = make(
        "div",
        {
          class: "websupport-comment",
          role: "listitem",
          id: `comment-${comment.id}`,
          tabindex: "-1",
        },
        body,
      );
      const row = { comment, element, body, replies: [] };
      (comment.parent ? rows.get(comment.parent)?.replies : top)?.push(comment.id);
      rows.set(comment.id, row);
      pending.push(...comment.children.reverse());
      comment.children = [];
      drawRow(row);
    }
  }

  async function loadMore() {
    const after = next ? `?after=${encodeURIComponent(next)}` : "";
    section.setAttribute("aria-busy", "true");
    try {
      const part = await call("GET", `nodes/${encodeURIComponent(node)}${after}`);
      ({ source, next } = part);
      take(part.comments);
    } finally {
      section.removeAttribute("aria-busy");
    }
    draw();
  }

  /** Sorting needs the whole thread. */
  async function loadAll() {
    while (next && sort.value !== "oldest") await loadMore();
    draw();
  }

  // -- what happens -------------------------------------------------------------------------

  /** Do something, or say why not. @type {import("./types.js").Thread["attempt"]} */
  async function attempt(error, what) {
    error.textContent = "";
    try {
      await what();
    } catch (reason) {
      error.textContent = reason instanceof Error ? reason.message : String(reason);
    }
  }

  /** @param {Comment} comment */
  function added(comment) {
    take([comment]);
    if (comment.displayed || page.viewer.moderator) page.setCount(node, marker.count + 1);
    draw();
    find(comment.id)?.scrollIntoView({ block: "nearest" });
    status.textContent = comment.displayed ? say("Posted.") : say("Posted. It waits for a moderator.");
  }

  // -- moving about -------------------------------------------------------------------------

  /** Point out a comment. @param {string} id */
  function find(id) {
    const element = rows.get(id)?.element;
    section.querySelector(".websupport-found")?.classList.remove("websupport-found");
    element?.classList.add("websupport-found");
    element?.focus({ preventScroll: true });
    return element;
  }

  /** @param {KeyboardEvent} event */
  function onKey(event) {
    if (event.key === "Escape") close();
  }

  function close() {
    section.remove();
    closed();
    marker.button.focus({ preventScroll: true });
  }

  heading.textContent = say("Comments");
  sort.hidden = more.hidden = true;
  insert(marker.host, section);
  page.adoptColours();
  const loaded = attempt(problem, async () => {
    await loadMore();
    redraw();
    // A finger that opens a discussion wants to read it, not to meet the keyboard.
    const types = pointed && (!rows.size || matchMedia("(pointer: fine)").matches);
    const field = types && composer?.querySelector("textarea");
    (field || heading).focus({ preventScroll: true });
    // On a phone it is a sheet over the page, which may grow to this: the paragraph moves up
    // until it is in view.
    const hidden = marker.host.getBoundingClientRect().bottom - innerHeight * 0.4 + 8;
    if (getComputedStyle(section).position === "fixed" && hidden > 0) scrollBy(0, hidden);
  });
  return {
    close,
    async show(id) {
      await loaded;
      while (next && !rows.has(id)) await loadMore();
      find(id)?.scrollIntoView({ block: "center" });
    },
  };
}
