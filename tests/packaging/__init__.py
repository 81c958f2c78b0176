"""What is built to be handed out, started as a person starts it."""
