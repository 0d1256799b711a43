/** Caches responses: the page sends their ETag with the next request, and the server sends only what has changed. */

import type { Middleware } from "openapi-fetch";

type Kept = { readonly body: string; readonly tag: string };

/** Enough for a page with every section open, and a few more. */
const keptAtMost = 30;

/** Middleware that keeps the newest responses and requests them with If-None-Match. */
export const keptAnswers = (): Middleware => {
  const kept = new Map<string, Kept>();

  return {
    onRequest: ({ request }) => {
      const known = request.method === "GET" ? kept.get(request.url) : undefined;
      if (known !== undefined) {
        request.headers.set("If-None-Match", known.tag);
      }
      return request;
    },
    onResponse: async ({ request, response }) => {
      const known = kept.get(request.url);
      if (response.status === 304 && known !== undefined) {
        return new Response(known.body, { headers: { "Content-Type": "application/json" } });
      }
      const tag = response.headers.get("ETag");
      if (request.method === "GET" && response.ok && tag !== null) {
        kept.delete(request.url); // so that it becomes the newest in the map
        kept.set(request.url, { body: await response.clone().text(), tag });
        for (const oldest of [...kept.keys()].slice(0, Math.max(0, kept.size - keptAtMost))) {
          kept.delete(oldest);
        }
      }
      return undefined;
    },
  };
};
