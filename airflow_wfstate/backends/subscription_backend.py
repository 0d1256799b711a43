"""SubscriptionBackend: the part of ``StateBackend`` for webhook subscriptions."""

from __future__ import annotations

from airflow_wfstate.backends.task_backend import TaskBackend
from airflow_wfstate.domain.messages import outbox


class SubscriptionBackend(TaskBackend):
    """Webhooks that receive changes. All methods raise the same errors as those of ``StateBackend``."""

    def add_subscription(
        self, request: outbox.change_subscription.AddSubscription
    ) -> outbox.change_subscription.SubscriptionSecret:
        """Send changes to a webhook from now on. Only this answer shows the secret that signs the deliveries.

        Sent again with the same content, including the secret, it changes nothing and returns the first answer.

        :raises InvalidRequest: a field is not valid, or webhooks may not reach the address.
        :raises Conflict: another subscription has the name, or there are already 100.
        :raises NotFound: there is no journal entry to start from.
        :raises AccessDenied: the caller may not change the runs of every DAG. The same holds for all methods below.
        """
        return self.carry_out(outbox.change_subscription.ADD_SUBSCRIPTION, request)

    def list_subscriptions(self) -> outbox.subscription.SubscriptionList:
        """List all subscriptions by name, without their secrets."""
        return self.carry_out(outbox.subscription.LIST_SUBSCRIPTIONS, outbox.subscription.ListSubscriptions())

    def list_waiting_deliveries(self, subscription_id: str) -> outbox.subscription.WaitingDeliveries:
        """List the workflows whose deliveries are waiting, parked ones first; at most 200.

        :raises NotFound: there is no subscription with this id. The same holds for all methods below.
        """
        return self.carry_out(
            outbox.subscription.LIST_WAITING_DELIVERIES, outbox.subscription.ListWaitingDeliveries(subscription_id)
        )

    def pause_subscription(
        self, request: outbox.change_subscription.PauseSubscription
    ) -> outbox.subscription.Subscription:
        """Stop sending for now. Nothing is lost."""
        return self.carry_out(outbox.change_subscription.PAUSE_SUBSCRIPTION, request)

    def continue_subscription(
        self, request: outbox.change_subscription.ContinueSubscription
    ) -> outbox.subscription.Subscription:
        """Deliver again after a pause, or after the receiver was unavailable. Parked deliveries are sent at once."""
        return self.carry_out(outbox.change_subscription.CONTINUE_SUBSCRIPTION, request)

    def replay_subscription(
        self, request: outbox.change_subscription.ReplaySubscription
    ) -> outbox.subscription.Subscription:
        """Deliver from another point in the journal.

        Deliveries that wait for another attempt are dropped. A paused subscription stays paused.

        :raises InvalidRequest: the text does not name a point.
        :raises NotFound: there is no such journal entry.
        """
        return self.carry_out(outbox.change_subscription.REPLAY_SUBSCRIPTION, request)

    def remove_subscription(
        self, request: outbox.change_subscription.RemoveSubscription
    ) -> outbox.change_subscription.RemovedSubscription:
        """Remove a subscription."""
        return self.carry_out(outbox.change_subscription.REMOVE_SUBSCRIPTION, request)

    def rotate_secret(
        self, request: outbox.change_subscription.RotateSecret
    ) -> outbox.change_subscription.SubscriptionSecret:
        """Sign with a new secret, and for a while also with the previous one. Only this answer shows the new secret.

        :raises InvalidRequest: the secret or the time is not valid.
        """
        return self.carry_out(outbox.change_subscription.ROTATE_SECRET, request)
