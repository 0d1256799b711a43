"""Task decorators: ``@task.step``."""
