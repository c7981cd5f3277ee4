"""The drivers of each target and, per target, one table of rows: a row a primitive."""
