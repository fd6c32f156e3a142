"""The pages that the service sends itself: they work without scripts."""
