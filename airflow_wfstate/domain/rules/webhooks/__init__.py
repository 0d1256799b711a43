"""Where webhooks may be sent, when, and how they are signed."""
