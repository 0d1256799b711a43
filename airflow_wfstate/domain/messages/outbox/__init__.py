"""Who is told of changes by webhook: what is asked of subscriptions, and answered."""
