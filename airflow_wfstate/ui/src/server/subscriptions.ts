/** Subscriptions: webhooks that receive changes. */

import { answer, client } from "./client";
import type { Subscription, WaitingDeliveries } from "./model";

const one = "/v1/subscriptions/{subscription_id}";
const named = (id: string) => ({ path: { subscription_id: id } });

export const getSubscriptions = async (signal: AbortSignal): Promise<Subscription[]> =>
  answer<{ subscriptions: Subscription[] }>(await client.GET("/v1/subscriptions", { signal })).subscriptions;

/** What the subscriber did not accept: it is retried, or waits for a decision. */
export const getWaitingDeliveries = async (id: string, signal: AbortSignal): Promise<WaitingDeliveries> =>
  answer<WaitingDeliveries>(await client.GET(`${one}/deliveries`, { params: named(id), signal }));

/** @param reason the reason; empty for none. */
export const pauseSubscription = async (id: string, reason: string): Promise<Subscription> =>
  answer<Subscription>(
    await client.POST(`${one}/pause`, { body: { reason: reason === "" ? null : reason }, params: named(id) }),
  );

export const continueSubscription = async (id: string): Promise<Subscription> =>
  answer<Subscription>(await client.POST(`${one}/continue`, { body: {}, params: named(id) }));

/** @param start `now`, `beginning`, a time, or the id of an event. */
export const replaySubscription = async (id: string, start: string): Promise<Subscription> =>
  answer<Subscription>(await client.POST(`${one}/replay`, { body: { start }, params: named(id) }));
