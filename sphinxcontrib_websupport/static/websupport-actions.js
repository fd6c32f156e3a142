// @ts-check
/**
 * What can be done with a comment: vote, reply, change, accept, delete.
 *
 * @typedef {import("./types.js").Thread} Thread
 * @typedef {import("./types.js").Row} Row
 */

/** @param {Row} row */
const address = ({ comment }) => `comments/${encodeURIComponent(comment.id)}`;

/**
 * Make the buttons below a comment, for this reader.
 *
 * @param {Thread} thread
 * @param {Row} row
 * @param {string} author
 * @param {boolean} exists whether it has not been deleted
 */
export function actionsFor(thread, row, author, exists) {
  const { action, attempt } = thread;
  const { make, say, viewer } = thread.page;
  const { comment } = row;
  const error = make("div", { class: "websupport-error", role: "alert" });
  const buttons = make("div", { class: "websupport-actions" });
  if (exists && comment.displayed) {
    buttons.append(votes(thread, row, error));
    if (viewer.may_comment || viewer.may_sign_in) {
      const label = say("Reply to {author}", { author });
      buttons.append(action(say("Reply"), () => reply(thread, row, label), label));
    }
  }
  if (viewer.moderator && !comment.displayed) {
    const label = say("Accept the comment of {author}", { author });
    const press = () => attempt(error, () => accept(thread, row));
    buttons.append(action(say("Accept"), press, label));
  }
  const isOwn = viewer.username
    ? viewer.username === comment.username
    : thread.modules.proof(thread.page, comment.id);
  if (exists && (viewer.moderator || isOwn)) {
    const label = say("Edit the comment of {author}", { author });
    const press = () => attempt(error, () => edit(thread, row, label));
    buttons.append(action(say("Edit"), press, label));
  }
  if (viewer.moderator || (isOwn && exists)) {
    const label = say("Delete the comment of {author}", { author });
    buttons.append(deletion(thread, row, label, error));
  }
  return [buttons, error];
}

/** @param {Thread} thread @param {Row} row @param {HTMLElement} error */
function votes(thread, row, error) {
  const { make, say } = thread.page;
  const { comment } = row;
  const points = make("span", { class: "websupport-points" });
  const up = button(1, "▲", say("Vote up"));
  const down = button(-1, "▼", say("Vote down"));
  show();
  return make("span", { class: "websupport-votes" }, up, points, down);

  function show() {
    points.textContent = String(comment.rating).replace("-", "−");
    up.setAttribute("aria-pressed", String(comment.vote === 1));
    down.setAttribute("aria-pressed", String(comment.vote === -1));
  }

  /** @param {number} value @param {string} sign @param {string} label */
  function button(value, sign, label) {
    const press = () => vote(comment.vote === value ? 0 : value);
    return thread.action(sign, () => thread.attempt(error, press), label);
  }

  /** @param {number} to */
  function set(to) {
    comment.rating += to - comment.vote;
    comment.vote = to;
    show();
  }

  /** Show a vote at once, and take it back if it is refused. @param {number} value @returns {Promise<void>} */
  async function vote(value) {
    const { viewer } = thread.page;
    if (!viewer.may_vote) {
      if (!viewer.may_sign_in) throw new Error(say("Sign in to vote."));
      thread.modules.askName(thread, error, () => vote(value));
      return;
    }
    const before = comment.vote;
    set(value);
    try {
      await thread.page.call("PUT", `${address(row)}/vote`, { value });
    } catch (reason) {
      set(before);
      throw reason;
    }
  }
}

/** @param {Thread} thread @param {Row} row @param {string} label */
function reply(thread, row, label) {
  const path = `${address(row)}/replies`;
  showForm(row, () => thread.modules.compose(thread, { label, key: `reply:${row.comment.id}`, path, row }));
}

/** @param {Thread} thread @param {Row} row @param {string} label */
async function edit(thread, row, label) {
  const { page, modules } = thread;
  /** @type {{text: string | null, proposal: string | null}} */
  const original = await page.call(
    "GET",
    `${address(row)}/original`,
    undefined,
    modules.proof(page, row.comment.id),
  );
  // What older comments were typed as was not kept.
  const text = original.text ?? row.body.querySelector(".websupport-text")?.textContent ?? "";
  const start = { text, proposal: original.proposal ?? undefined };
  showForm(row, () =>
    modules.compose(thread, { label, key: `edit:${row.comment.id}`, path: address(row), row, start }),
  );
}

/** Show a form below a comment, one at a time. @param {Row} row @param {() => HTMLElement} make */
function showForm({ element }, make) {
  element.querySelector("form.websupport-form")?.remove();
  element.append(make());
  element.querySelector("textarea")?.focus();
}

/** @param {Thread} thread @param {Row} row */
async function accept(thread, row) {
  await thread.page.call("POST", `${address(row)}/accept`, {});
  row.comment.displayed = true;
  thread.drawRow(row);
  row.element.focus();
  thread.announce(thread.page.say("Accepted."));
}

/**
 * Make a button that asks once more before a comment is gone.
 *
 * @param {Thread} thread
 * @param {Row} row
 * @param {string} label
 * @param {HTMLElement} error
 */
function deletion(thread, row, label, error) {
  const { say } = thread.page;
  const sure = say("Delete for good?");
  const button = thread.action(say("Delete"), press, label);
  button.addEventListener("blur", () => name(say("Delete"), label));
  return button;

  function press() {
    if (button.textContent === sure) thread.attempt(error, () => remove(thread, row));
    else name(sure, sure);
  }

  /** @param {string} text @param {string} spoken */
  function name(text, spoken) {
    button.textContent = text;
    button.setAttribute("aria-label", spoken);
  }
}

/** @param {Thread} thread @param {Row} row */
async function remove(thread, row) {
  const { page, modules } = thread;
  const shown = modules.proof(page, row.comment.id);
  const { removed } = await page.call("DELETE", address(row), undefined, shown);
  if (removed) takeAway(thread, row);
  else {
    const deleted = "[deleted]";
    Object.assign(row.comment, { text: deleted, username: deleted, proposal_diff: null });
    thread.drawRow(row);
    row.element.focus();
  }
  thread.announce(thread.page.say("Deleted."));
}

/** Take a row away with all its replies. @param {Thread} thread @param {Row} row */
function takeAway({ page, node, rows, top, draw, heading, marker }, { comment }) {
  const siblings = (comment.parent && rows.get(comment.parent)?.replies) || top;
  siblings.splice(siblings.indexOf(comment.id), 1);
  const size = rows.size;
  const pending = [comment.id];
  for (let id = pending.pop(); id !== undefined; id = pending.pop()) {
    const row = rows.get(id);
    pending.push(...(row?.replies ?? []));
    row?.element.remove();
    rows.delete(id);
  }
  page.setCount(node, Math.max(0, marker.count - size + rows.size));
  draw();
  heading.focus();
}
