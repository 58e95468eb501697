"""The tables in an SQLite of our own, for users without osquery. Only `database` and `virtual_table` import apsw."""
