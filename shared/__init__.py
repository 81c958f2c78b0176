"""What the agent and the backend both know. Imports neither of them."""
