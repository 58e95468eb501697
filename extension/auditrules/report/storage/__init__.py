"""The store: what was read, as Parquet files, and how far each log was read."""
