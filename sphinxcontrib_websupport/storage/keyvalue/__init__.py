"""The comment store over any store of values that can change one of them atomically."""

from sphinxcontrib_websupport.storage.keyvalue.storage import KeyValueStorage

__all__ = ["KeyValueStorage"]
