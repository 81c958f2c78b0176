"""The backend as a systemd service: in a Debian that is really booted, and its scripts by themselves."""
