"""Webhook subscriptions: their requests and answers."""
