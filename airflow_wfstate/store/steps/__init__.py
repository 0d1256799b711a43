"""Steps, their rounds and attempts: begun, ended, lost, accepted."""
