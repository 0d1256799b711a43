"""Subscriptions, and the stream of journal entries that each of them is told of: the journal is the outbox."""
