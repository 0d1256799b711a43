"""Waits: registered, checked and ended; and the tokens by which someone outside ends one."""
