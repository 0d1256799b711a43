/** A subscription in words. Pure. */

import type { Subscription } from "../server/model";
import { words } from "../server/model";

/** The changes that a subscription sends. */
export const wantedText = ({ kinds, labels, names, requests_only: isOfRequests, states }: Subscription["wanted"]): string =>
  [
    ...(isOfRequests ? ["only requests to undo steps"] : []),
    ...names.map((name) => `workflow ${name}`),
    ...states.map((state) => `state ${words(state)}`),
    ...Object.entries(labels).map(([name, value]) => `label ${name}=${value}`),
    ...kinds.map((kind) => `entry ${kind}`),
  ].join(", ") || "every change";

/** The receiver's response when it did not accept an event. */
export const answerText = ({ status, text }: { readonly status: number | null; readonly text: string }): string =>
  status === null ? text : `${status} ${text}`.trim();

/** Whether the server accepts a text, without surrounding spaces, as a start. */
export const isStart = (text: string): boolean =>
  ["beginning", "now"].includes(text) ||
  /^[0-9a-f-]{36}:\d+$/i.test(text) ||
  /^\d{4}-\d\d-\d\dT.*(Z|[+-]\d\d:?\d\d)$/.test(text);
