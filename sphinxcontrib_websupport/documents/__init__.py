"""Built pages: stored, published to where readers are, and cached there."""
