/** What the modules hand to one another; for the type checker only, no page loads it. */

import * as actions from "./websupport-actions.js";
import * as writing from "./websupport-writing.js";

export type Words = Record<string, string | Record<string, string>>;

/** The page's data block, as the build wrote it. */
export interface Settings {
  url: string;
  document: string;
  /** Changes with any of the front end's files. */
  version: string;
  /** All of them, on a page of the singlehtml builder. */
  documents?: string[];
  /** Whether cookies are sent to a service on another origin. */
  credentials?: boolean;
  /** Of the words' language. */
  direction: string;
  /** Translations by their English text; for counts by plural category. */
  words?: Words;
}

export interface Viewer {
  username: string;
  moderator: boolean;
  may_comment: boolean;
  may_vote: boolean;
  may_sign_in: boolean;
}

/** A paragraph of today, and what leads to it from one that is gone. */
export interface Nearest {
  node: string;
  source_diff: string;
}

export interface Detached {
  node: string;
  source: string;
  document: string;
  count: number;
  nearest: Nearest | null;
}

export interface DocumentAnswer {
  nodes: Record<string, { count: number }>;
  viewer: Viewer;
  detached: Detached[];
}

export interface Comment {
  id: string;
  text: string;
  username: string;
  rating: number;
  vote: number;
  time: { iso: string };
  displayed: boolean;
  /** When it was last changed, in ISO 8601. */
  edited: string | null;
  proposal_diff: string | null;
  parent: string | null;
  children: Comment[];
  /** As it was typed, with one's own comment. */
  original_text?: string;
  /** With one's own new comment, where it has no name. */
  token?: string;
}

export interface Marker {
  button: HTMLButtonElement;
  host: Element;
  count: number;
  title: string;
}

export type Attributes = Record<string, string | boolean | ((event: any) => void)>;
export type Child = Node | string | false | null | undefined;

/** What a thread needs of the page. */
export interface Page {
  viewer: Viewer;
  language: string;
  direction: string;
  /** The service's address, without a slash at its end. */
  url: string;
  /** What the names of all that is kept in the browser begin with. */
  store: string;
  refresh(): Promise<DocumentAnswer>;
  /** How the service is asked. */
  fetch: typeof fetch;
  /** Keeps who is signed in, where no cookie can; without a token nobody is. */
  keep?(token?: string): void;
  /** Ask the service; the path is below its address. */
  call(
    method: string,
    path: string,
    body?: object,
    headers?: Record<string, string>,
  ): Promise<any>;
  /** The text is in English, with {names} for values. */
  say(text: string, values?: Record<string, string | number>): string;
  /** In English, for one and for {n}; translations have a text for each plural category. */
  count(one: string, many: string, n: number, values?: Record<string, string>): string;
  make<T extends keyof HTMLElementTagNameMap>(
    tag: T,
    attributes?: Attributes,
    ...children: Child[]
  ): HTMLElementTagNameMap[T];
  load(name: string): Promise<any>;
  setCount(node: string, n: number): void;
  adoptColours(): void;
}

export interface Row {
  comment: Comment;
  element: HTMLElement;
  body: HTMLElement;
  replies: string[];
}

/** What is being written. */
export interface Kept {
  text?: string;
  proposal?: string;
}

/** A form to write in. */
export interface Draft {
  label: string;
  /** Under which it is kept in the browser. */
  key: string;
  /** To which it is sent. */
  path: string;
  /** The comment that it answers or changes. */
  row?: Row;
  /** What the comment says until it is changed. */
  start?: Kept;
}

/** The parts of a thread that are files of their own. */
export type Modules = typeof actions & typeof writing;

/** What the parts of a thread need of it. */
export interface Thread {
  page: Page;
  node: string;
  section: HTMLElement;
  modules: Modules;
  /** The node's source text. */
  source(): string;
  /** Do something, or say in words why not. */
  attempt(error: HTMLElement, what: () => unknown): Promise<void>;
  /** Make a button; the label is for where its text alone does not say enough. */
  action(text: string, click: () => void, label?: string): HTMLButtonElement;
  /** Show everything anew, after the reader has become another. */
  redraw(): void;
  drawRow(row: Row): void;
  added(comment: Comment): void;
  /** Take comments in; they are seen when they are drawn. */
  take(comments: Comment[]): void;
  /** Put the rows in order. */
  draw(): void;
  /** All rows, by the comments' ids. */
  rows: Map<string, Row>;
  /** The ids of those at the top. */
  top: string[];
  heading: HTMLElement;
  marker: Marker;
  announce(text: string): void;
}

export interface OpenThread {
  show(id: string): Promise<void>;
  close(): void;
}

/**
 * Opens a thread below its marker's host. Where a pointer opened it, the next thing is to
 * type; `closed` is called when it is closed.
 */
export type OpenThreadIn = (
  page: Page,
  node: string,
  marker: Marker,
  modules: Modules,
  pointed: boolean,
  closed: () => void,
) => OpenThread;
