"""Pages and discussions under words: adapters that find them."""
