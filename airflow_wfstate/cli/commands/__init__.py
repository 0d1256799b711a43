"""One module a command of ``airflow wfstate``: it parses, calls the store, and prints."""
