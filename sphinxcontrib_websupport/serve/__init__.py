"""One command that builds a Sphinx project and serves it with its discussions."""
