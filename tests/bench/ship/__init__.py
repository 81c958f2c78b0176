"""What each program costs to have: its size, cold start and idle memory. A file for each shape."""
