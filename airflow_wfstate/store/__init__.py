"""SQLAlchemy: the schema, the transactions, the read models. The only package that knows SQL."""
