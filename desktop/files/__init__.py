"""The person's own files, as far as they granted them: paths, reading, searching, writing."""
