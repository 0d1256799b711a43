import createClient from "openapi-fetch";
import { describe, expect, it } from "vitest";

import { keptAnswers } from "../src/server/keptAnswers";

type Paths = { "/x": { get: { parameters: { query?: { q: string } }; responses: { 200: { content: { "application/json": unknown } } } } } };

/** A server whose answer has a tag; it counts what it sent whole. */
const server = () => {
  const state = { body: "1", whole: 0 };
  const fetch = async (request: Request): Promise<Response> => {
    const tag = `"${state.body}"`;
    if (request.headers.get("If-None-Match") === tag) {
      return new Response(null, { headers: { ETag: tag }, status: 304 });
    }
    state.whole += 1;
    return new Response(state.body, { headers: { "Content-Type": "application/json", ETag: tag } });
  };
  const client = createClient<Paths>({ baseUrl: "http://server", fetch });
  client.use(keptAnswers());
  return { client, state };
};

describe("keptAnswers", () => {
  it("gives an unchanged answer again, which was not sent again", async () => {
    const { client, state } = server();
    const answers = [await client.GET("/x"), await client.GET("/x")];
    expect(answers.map((answer) => answer.data)).toEqual([1, 1]);
    expect(state.whole).toBe(1);
  });

  it("gives what has changed, and keeps questions apart", async () => {
    const { client, state } = server();
    await client.GET("/x");
    state.body = "2";
    expect((await client.GET("/x")).data).toBe(2);
    expect((await client.GET("/x", { params: { query: { q: "other" } } })).data).toBe(2);
    expect(state.whole).toBe(3);
  });

  it("forgets what has not been asked for longest", async () => {
    const { client, state } = server();
    for (let number = 0; number < 31; number += 1) {
      await client.GET("/x", { params: { query: { q: String(number) } } });
    }
    await client.GET("/x", { params: { query: { q: "30" } } });
    expect(state.whole).toBe(31);
    await client.GET("/x", { params: { query: { q: "0" } } });
    expect(state.whole).toBe(32);
  });
});
