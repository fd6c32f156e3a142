"""What the service answers to programs, and the description of it."""
