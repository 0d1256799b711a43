/** Events of services: those of a workflow, and those that wait for theirs or for somebody's decision. */

import { answer, client } from "./client";
import type { EventCounts, EventDetail, EventPage, EventSummary, Rights } from "./model";
import type { operations } from "./schema";

export type EventsQuestion = NonNullable<operations["list_events_v1_events_get"]["parameters"]["query"]>;

/** What tells an event from every other one. */
export type EventKey = Pick<EventSummary, "id" | "source">;

type Decided = { readonly changed: number; readonly events: EventSummary[] };

/** What the reader may do that concerns every DAG. */
export const getRights = async (signal: AbortSignal): Promise<Rights> =>
  answer<Rights>(await client.GET("/v1/rights", { signal }));

export const getEventCounts = async (signal: AbortSignal): Promise<EventCounts> =>
  answer<EventCounts>(await client.GET("/v1/events/counts", { signal }));

export const getEvents = async (query: EventsQuestion, signal: AbortSignal): Promise<EventPage> =>
  answer<EventPage>(await client.GET("/v1/events", { params: { query }, signal }));

/** One event with its body. */
export const getEvent = async ({ id, source }: EventKey): Promise<EventDetail> =>
  answer<EventDetail>(await client.GET("/v1/event", { params: { query: { id, source } } }));

/** One event that was applied to a workflow; its body is null for who may not see it. */
export const getWorkflowEvent = async (workflowId: string, { id, source }: EventKey): Promise<EventDetail> =>
  answer<EventDetail>(
    await client.GET("/v1/workflows/{workflow_id}/event", {
      params: { path: { workflow_id: workflowId }, query: { id, source } },
    }),
  );

const keysOf = (events: readonly EventKey[]): EventKey[] => events.map(({ id, source }) => ({ id, source }));

/** @param reason why; empty for none. */
export const replayEvents = async (events: readonly EventKey[], reason: string): Promise<Decided> =>
  answer<Decided>(
    await client.POST("/v1/events/replay", { body: { events: keysOf(events), reason: reason === "" ? null : reason } }),
  );

export const dropEvents = async (events: readonly EventKey[], reason: string): Promise<Decided> =>
  answer<Decided>(await client.POST("/v1/events/drop", { body: { events: keysOf(events), reason } }));
