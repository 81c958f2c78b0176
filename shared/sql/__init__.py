"""What the guard knows about each dialect of SQL: one data file a dialect, one parser for all."""
