"""The language of osquery tables. Pure: no audit, no thrift."""
