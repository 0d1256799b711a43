"""``airflow wfstate``."""
