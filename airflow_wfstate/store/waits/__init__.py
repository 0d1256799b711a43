"""Waits: registered, looked at, and ended; and the tokens by which somebody outside ends one."""
