"""What every request passes before it reaches a route: ASGI middleware, each of which knows nothing of the others."""
