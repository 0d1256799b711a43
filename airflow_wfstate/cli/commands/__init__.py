"""The commands of ``airflow wfstate``, one per module: each parses its arguments, calls the store, and prints."""
