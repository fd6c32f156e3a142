"""Thin shells, one per kind of server or framework; no rule is in them."""
