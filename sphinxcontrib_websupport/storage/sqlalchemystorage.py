"""The comment store over a database, under the name that the earlier package documented."""

from sphinxcontrib_websupport.storage.sql.storage import SQLAlchemyStorage

__all__ = ["SQLAlchemyStorage"]
