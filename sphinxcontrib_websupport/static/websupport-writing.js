// @ts-check
/**
 * What a reader writes in an open thread: comments, replies, proposals, and a name.
 *
 * @typedef {import("./types.js").Thread} Thread
 * @typedef {import("./types.js").Page} Page
 * @typedef {import("./types.js").Kept} Kept
 * @typedef {import("./types.js").Row} Row
 */

/** What is being written, kept in the browser until it is posted. @param {string} key */
function keeper(key) {
  return {
    /** @returns {Kept} */
    load() {
      try {
        return JSON.parse(localStorage.getItem(key) ?? "{}") ?? {};
      } catch {
        return {};
      }
    },
    /** @param {Kept} kept */
    save(kept) {
      try {
        if (kept.text || kept.proposal) localStorage.setItem(key, JSON.stringify(kept));
        else localStorage.removeItem(key);
      } catch {
        // Storage is full or forbidden: the text is still in its field.
      }
    },
  };
}

/** How many comments without a name can be proved to be one's own. */
const MOST_TOKENS = 100;

/** The tokens of one's own comments without a name, by id. @param {Page} page */
function tokens(page) {
  const key = `${page.store}tokens`;
  return {
    /** @returns {Record<string, string>} */
    load() {
      try {
        return JSON.parse(localStorage.getItem(key) ?? "{}") ?? {};
      } catch {
        return {};
      }
    },
    /** @param {Record<string, string>} kept */
    save(kept) {
      try {
        const last = Object.entries(kept).slice(-MOST_TOKENS);
        localStorage.setItem(key, JSON.stringify(Object.fromEntries(last)));
      } catch {
        // Storage is full or forbidden: this one cannot be deleted then.
      }
    },
  };
}

/**
 * Return the header that proves that a comment without a name is one's own, if there is one.
 *
 * @param {Page} page
 * @param {string} id
 * @returns {Record<string, string> | undefined}
 */
export function proof(page, id) {
  const kept = tokens(page).load();
  return Object.hasOwn(kept, id) ? { "Comment-Token": String(kept[id]) } : undefined;
}

/** Show one's own comments that wait, if there may be any. @param {Thread} thread */
async function showWaiting(thread) {
  try {
    if (!localStorage.getItem(`${thread.page.store}waiting`)) return;
  } catch {
    return; // Storage is forbidden: nothing was remembered.
  }
  (await thread.page.load("waiting")).show(thread);
}

/** Take a name, or none. @param {Thread} thread @param {string} name */
async function signIn({ page }, name) {
  const answer = await (name
    ? page.call("PUT", "session", { name })
    : page.call("DELETE", "session"));
  page.keep?.(answer?.token);
  await page.refresh();
}

/**
 * Ask for a name, then go on.
 *
 * @param {Thread} thread
 * @param {HTMLElement} beside
 * @param {() => unknown} then
 */
export function askName(thread, beside, then) {
  const { make, say } = thread.page;
  const name = make("input", { required: true, maxlength: "64", autocomplete: "nickname" });
  const error = make("div", { class: "websupport-error", role: "alert" });
  const form = make(
    "form",
    { class: "websupport-ask", submit },
    make("label", {}, say("Your name:"), " ", name),
    make("button", { class: "websupport-primary" }, say("Continue")),
    error,
  );
  thread.section.querySelector(".websupport-ask")?.remove();
  beside.before(form);
  name.focus();

  /** @param {Event} event */
  function submit(event) {
    event.preventDefault();
    thread.attempt(error, async () => {
      await signIn(thread, name.value);
      await then();
      thread.redraw();
    });
  }
}

/**
 * Make a form to write in: a comment on the node itself, which may propose a change, or, with a
 * row, a reply to its comment or what that comment is to become.
 *
 * @param {Thread} thread
 * @param {import("./types.js").Draft} draft
 */
export function compose(thread, { label, key, path, row, start }) {
  const { page, attempt } = thread;
  const { make, say, viewer } = page;
  const { load, save } = keeper(page.store + key);
  const kept = { ...start, ...load() };
  const id = `websupport-text-${key}`;
  const mayPropose = !row || (start && !row.comment.parent);
  const error = make("div", { class: "websupport-error", role: "alert", id: `${id}-error` });
  const text = make("textarea", { id, rows: "3", "aria-describedby": error.id, input: keep });
  text.value = kept.text ?? "";
  const name = make("input", { maxlength: "64", autocomplete: "nickname" });
  /** @type {HTMLTextAreaElement | undefined} */
  let proposal;
  const post = make("button", { class: "websupport-primary" }, start ? say("Save") : say("Post"));
  const propose = thread.action(say("Propose a change"), () => attempt(error, toggleProposal));
  propose.setAttribute("aria-expanded", "false");
  const actions = make("div", { class: "websupport-actions" }, post);
  if (mayPropose) actions.append(propose);
  if (row) actions.append(thread.action(say("Cancel"), leave));
  if (start) {
    // Who changes a comment signs nothing.
  } else if (viewer.username) {
    actions.append(say("as {author}", { author: viewer.username }));
    if (viewer.may_sign_in) actions.append(thread.action(say("Sign out"), signOut));
    if (viewer.moderator && !row) {
      actions.append(make("a", { href: `${page.url}/moderation` }, say("All that waits")));
    }
  } else if (viewer.may_sign_in) {
    const prompt = viewer.may_comment ? say("Name (optional):") : say("Name:");
    actions.append(make("label", {}, prompt, " ", name));
  }
  const form = make(
    "form",
    { class: "websupport-form", submit, keydown: onKey },
    make("label", { for: id }, label),
    text,
    error,
    actions,
  );
  if (kept.proposal !== undefined) toggleProposal();
  if (!row) showWaiting(thread);
  return form;

  function keep() {
    save({ text: text.value, proposal: proposal?.value ?? kept.proposal });
  }

  /** Forget what was posted. */
  function clear() {
    text.value = "";
    if (proposal) toggleProposal();
    save({});
    if (row) form.remove();
  }

  function leave() {
    form.remove();
    row?.element.focus();
  }

  function signOut() {
    attempt(error, async () => {
      await signIn(thread, "");
      thread.redraw();
    });
  }

  /** Show the node's source to be changed, and the difference while it is. */
  async function toggleProposal() {
    propose.setAttribute("aria-expanded", String(!proposal));
    if (proposal) {
      proposal.parentElement?.remove();
      proposal = undefined;
      return keep();
    }
    const { compare } = await page.load("diff");
    const source = thread.source();
    const difference = make("div", { class: "websupport-diff" });
    const field = make("textarea", {
      id: `${id}-proposal`,
      rows: "4",
      spellcheck: "false",
      input: show,
    });
    field.value = kept.proposal ?? source;
    proposal = field;
    const prompt = make("label", { for: field.id }, say("The text as it should be:"));
    text.after(make("div", { class: "websupport-proposal" }, prompt, field, difference));
    difference.replaceChildren(...compare(source, field.value));
    if (kept.proposal === undefined) field.focus();
    delete kept.proposal;

    function show() {
      difference.replaceChildren(...compare(source, field.value));
      keep();
    }
  }

  /** @param {KeyboardEvent} event */
  function onKey(event) {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  }

  /** @param {Event} event */
  function submit(event) {
    event.preventDefault();
    if (!post.disabled) attempt(error, send);
  }

  async function send() {
    if (!text.value.trim()) {
      text.focus();
      throw new Error(proposal ? say("Say in a word why.") : say("Write something first."));
    }
    const sign = name.value.trim();
    if (!viewer.may_comment && !sign) {
      name.focus();
      throw new Error(say("Give a name to go by."));
    }
    post.disabled = true;
    try {
      if (sign) await signIn(thread, sign);
      const changed = proposal && proposal.value !== thread.source() ? proposal.value : null;
      const body = mayPropose
        ? { text: text.value, proposal: changed ?? (start?.proposal ? "" : null) }
        : { text: text.value };
      const shown = start && row && proof(page, row.comment.id);
      /** @type {import("./types.js").Comment} */
      const comment = await page.call(start ? "PUT" : "POST", path, body, shown);
      if (comment.token) {
        const { load, save } = tokens(page);
        save({ ...load(), [comment.id]: comment.token });
      }
      if (!comment.displayed && !viewer.moderator) {
        // Before it is shown: then the page may be left. Without that file it is posted all the same.
        await page.load("waiting").then(
          ({ remember }) => remember(thread, comment),
          () => {},
        );
      }
      clear();
      if (sign) thread.redraw();
      if (row && start) change(row, comment);
      else thread.added(comment);
    } finally {
      post.disabled = false;
    }
  }

  /** @param {Row} row @param {import("./types.js").Comment} comment */
  function change(row, comment) {
    Object.assign(row.comment, comment, { children: [] });
    thread.drawRow(row);
    row.element.focus();
    thread.announce(comment.displayed ? say("Saved.") : say("Saved. It waits for a moderator."));
  }
}
