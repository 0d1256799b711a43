"""Subscriptions and the stream of journal entries that each of them receives: the journal is the outbox."""
