// @ts-check
/** The word difference between a paragraph's source and a proposal, shown while typing. */

/** More steps than this, and the difference is shown as one replacement. */
const MOST_STEPS = 4_000_000;

/**
 * Return what turns one text into another, as text, `<del>` and `<ins>`.
 *
 * @param {string} before
 * @param {string} after
 * @returns {(string | HTMLElement)[]}
 */
export function compare(before, after) {
  const a = before.match(/\s+|[\p{L}\p{N}_]+|./gu) ?? [];
  const b = after.match(/\s+|[\p{L}\p{N}_]+|./gu) ?? [];
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < Math.min(a.length, b.length) - start && a.at(-1 - end) === b.at(-1 - end)) end++;
  const tail = end ? a.slice(-end).join("") : "";
  const middle = align(a.slice(start, a.length - end), b.slice(start, b.length - end));
  return [a.slice(0, start).join(""), ...middle, tail].filter(Boolean);
}

/** @param {string[]} a @param {string[]} b @returns {(string | HTMLElement)[]} */
function align(a, b) {
  const width = b.length + 1;
  if (a.length * width > MOST_STEPS) return [mark("del", a), mark("ins", b)];
  // lengths[i * width + j]: how much a from i and b from j have in common, in order
  const lengths = new Uint16Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      const at = i * width + j;
      lengths[at] =
        a[i] === b[j]
          ? (lengths[at + width + 1] ?? 0) + 1
          : Math.max(lengths[at + width] ?? 0, lengths[at + 1] ?? 0);
    }
  }
  /** @type {(string | HTMLElement)[]} */
  const parts = [];
  /** @type {string[]} */
  let gone = [];
  /** @type {string[]} */
  let come = [];
  // A space between two changes belongs to both, so that a changed phrase reads as one.
  let space = "";
  const flush = () => {
    if (gone.length) parts.push(mark("del", gone));
    if (come.length) parts.push(mark("ins", come));
    if (space) parts.push(space);
    gone = [];
    come = [];
    space = "";
  };
  /** @param {string[]} words @param {string | undefined} word */
  const change = (words, word) => {
    if (space) {
      gone.push(space);
      come.push(space);
      space = "";
    }
    words.push(String(word));
  };
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      const word = String(a[i++]);
      j++;
      if (!space && gone.length + come.length && /^[^\S\n]+$/.test(word)) space = word;
      else {
        flush();
        parts.push(word);
      }
    } else if (
      j === b.length ||
      (i < a.length && (lengths[(i + 1) * width + j] ?? 0) >= (lengths[i * width + j + 1] ?? 0))
    ) {
      change(gone, a[i++]);
    } else change(come, b[j++]);
  }
  flush();
  return parts;
}

/** @param {"del" | "ins"} tag @param {string[]} words */
function mark(tag, words) {
  const element = document.createElement(tag);
  element.textContent = words.join("");
  return element;
}
