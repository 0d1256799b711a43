"""The rules of workflow state, in pure Python: the standard library and the error tree, nothing else."""
