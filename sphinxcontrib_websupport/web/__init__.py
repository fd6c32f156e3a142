"""The service: one list of routes over a neutral core, and thin shells around it."""
