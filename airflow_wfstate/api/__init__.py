"""The FastAPI apps: /wfstate/v1 (stable) and /wfstate/ui (private to the page)."""
