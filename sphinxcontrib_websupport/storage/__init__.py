"""Nodes, comments and votes: the contract of a comment store, and stores."""
