"""SQLAlchemy: the schema, the transactions, the read models. The only room that knows SQL."""
