"""The service behind each shell, on real servers."""
