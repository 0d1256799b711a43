"""Pure Python: the rules of workflow state, and the messages about it.

It imports the standard library and our errors alone.
"""
