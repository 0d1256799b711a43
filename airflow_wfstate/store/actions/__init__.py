"""Actions on a whole workflow: start, completion, cancel, compensate, decide a compensation."""
