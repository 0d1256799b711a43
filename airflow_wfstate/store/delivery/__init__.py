"""Webhooks on their way: what is sent of a journal entry, in which order, and what becomes of a refusal."""
