/** Events of services: those of a workflow, and those waiting for their workflow or for a decision. */

import { answer, client } from "./client";
import type { EventCounts, EventDetail, EventPage, EventSummary, Rights } from "./model";
import type { operations } from "./schema";

export type EventsQuestion = NonNullable<operations["list_events_v1_events_get"]["parameters"]["query"]>;

/** What identifies an event. */
export type EventKey = Pick<EventSummary, "id" | "source">;

type Decided = { readonly changed: number; readonly events: EventSummary[] };

/** The reader's rights that concern every DAG. */
export const getRights = async (signal: AbortSignal): Promise<Rights> =>
  answer<Rights>(await client.GET("/v1/rights", { signal }));

export const getEventCounts = async (signal: AbortSignal): Promise<EventCounts> =>
  answer<EventCounts>(await client.GET("/v1/events/counts", { signal }));

export const getEvents = async (query: EventsQuestion, signal: AbortSignal): Promise<EventPage> =>
  answer<EventPage>(await client.GET("/v1/events", { params: { query }, signal }));

/** An event with its body. */
export const getEvent = async ({ id, source }: EventKey): Promise<EventDetail> =>
  answer<EventDetail>(await client.GET("/v1/event", { params: { query: { id, source } } }));

/** An event that was applied to a workflow. Its body is null for users who are not allowed to see it. */
export const getWorkflowEvent = async (workflowId: string, { id, source }: EventKey): Promise<EventDetail> =>
  answer<EventDetail>(
    await client.GET("/v1/workflows/{workflow_id}/event", {
      params: { path: { workflow_id: workflowId }, query: { id, source } },
    }),
  );

const keysOf = (events: readonly EventKey[]): EventKey[] => events.map(({ id, source }) => ({ id, source }));

/** @param reason the reason; empty for none. */
export const replayEvents = async (events: readonly EventKey[], reason: string): Promise<Decided> =>
  answer<Decided>(
    await client.POST("/v1/events/replay", { body: { events: keysOf(events), reason: reason === "" ? null : reason } }),
  );

export const dropEvents = async (events: readonly EventKey[], reason: string): Promise<Decided> =>
  answer<Decided>(await client.POST("/v1/events/drop", { body: { events: keysOf(events), reason } }));
