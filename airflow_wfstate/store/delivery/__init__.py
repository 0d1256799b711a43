"""Webhook delivery: what is sent for a journal entry, in which order, and what happens after a refusal."""
