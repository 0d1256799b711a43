"""The commands of ``airflow wfstate``."""
