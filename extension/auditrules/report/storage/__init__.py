"""The store: the tables of the logs as Parquet files, and how far each log was read."""
