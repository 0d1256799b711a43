"""Where and when webhooks may be sent, and how they are signed."""
