"""Everything that knows Sphinx."""
