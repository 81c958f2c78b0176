"""How the backend is, in figures: read from its parts, added up over its workers, written for Prometheus."""
