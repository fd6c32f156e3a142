"""The schema's history, as Alembic knows it; run by :mod:`.upgrade` when a store is opened."""
