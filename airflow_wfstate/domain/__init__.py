"""Pure Python: the rules of workflow state, and the messages in which it is told.

It imports the standard library and our errors alone.
"""
