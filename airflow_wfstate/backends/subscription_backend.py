"""SubscriptionBackend: what can be asked of subscriptions, a part of ``StateBackend``."""

from __future__ import annotations

from airflow_wfstate.backends.task_backend import TaskBackend
from airflow_wfstate.domain.messages import outbox


class SubscriptionBackend(TaskBackend):
    """The webhooks that are told of changes. All methods raise as those of ``StateBackend`` do."""

    def add_subscription(
        self, request: outbox.change_subscription.AddSubscription
    ) -> outbox.change_subscription.SubscriptionSecret:
        """Have a webhook told of changes. The secret with which it is signed is shown in the answer alone.

        Sent again with the same content, secret included, it changes nothing and answers as the first time.

        :raises InvalidRequest: something of it makes no sense, or webhooks may not reach the address.
        :raises Conflict: another one has the name, or there are 100.
        :raises NotFound: there is no entry to start from.
        :raises AccessDenied: the caller may not change the runs of every DAG; so of all that concerns subscriptions.
        """
        return self.carry_out(outbox.change_subscription.ADD_SUBSCRIPTION, request)

    def list_subscriptions(self) -> outbox.subscription.SubscriptionList:
        """Every subscription, by name, without its secret."""
        return self.carry_out(outbox.subscription.LIST_SUBSCRIPTIONS, outbox.subscription.ListSubscriptions())

    def list_waiting_deliveries(self, subscription_id: str) -> outbox.subscription.WaitingDeliveries:
        """The workflows of which a subscriber is not told for now, parked ones first; at most 200.

        :raises NotFound: there is no subscription with this id; so of all below.
        """
        return self.carry_out(
            outbox.subscription.LIST_WAITING_DELIVERIES, outbox.subscription.ListWaitingDeliveries(subscription_id)
        )

    def pause_subscription(
        self, request: outbox.change_subscription.PauseSubscription
    ) -> outbox.subscription.Subscription:
        """Send nothing more for now. Nothing is lost by it."""
        return self.carry_out(outbox.change_subscription.PAUSE_SUBSCRIPTION, request)

    def continue_subscription(
        self, request: outbox.change_subscription.ContinueSubscription
    ) -> outbox.subscription.Subscription:
        """Deliver it again: if it was paused, or its receiver unavailable; and what is parked, at once."""
        return self.carry_out(outbox.change_subscription.CONTINUE_SUBSCRIPTION, request)

    def replay_subscription(
        self, request: outbox.change_subscription.ReplaySubscription
    ) -> outbox.subscription.Subscription:
        """Deliver from another point. What waited for another attempt is dropped; a paused one stays paused.

        :raises InvalidRequest: the text names no point.
        :raises NotFound: there is no such entry.
        """
        return self.carry_out(outbox.change_subscription.REPLAY_SUBSCRIPTION, request)

    def remove_subscription(
        self, request: outbox.change_subscription.RemoveSubscription
    ) -> outbox.change_subscription.RemovedSubscription:
        """End it."""
        return self.carry_out(outbox.change_subscription.REMOVE_SUBSCRIPTION, request)

    def rotate_secret(
        self, request: outbox.change_subscription.RotateSecret
    ) -> outbox.change_subscription.SubscriptionSecret:
        """Sign with a new secret, and for a while with the one before, too. It is shown in the answer alone.

        :raises InvalidRequest: the secret, or the time, makes no sense.
        """
        return self.carry_out(outbox.change_subscription.ROTATE_SECRET, request)
