"""The comment store over any store of values that can change one of them atomically."""

from sphinxcontrib_websupport.storage.keyvalue.store import KeyValueStorage

__all__ = ["KeyValueStorage"]
