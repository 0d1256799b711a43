"""WorkflowStateHook: turns an Airflow connection into a StateBackend."""
