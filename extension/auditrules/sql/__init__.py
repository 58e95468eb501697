"""The tables in an SQLite of our own, for whoever has no osquery at hand. Only `database` imports apsw."""
