"""What keeps hostile requests out."""
