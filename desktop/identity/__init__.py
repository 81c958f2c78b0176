"""Who somebody is, as Google says it."""
