"""The ASGI middlewares that every request passes before it reaches a route. They do not depend on each other."""
