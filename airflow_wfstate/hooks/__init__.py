"""WorkflowStateHook: from an Airflow Connection to a StateBackend."""
