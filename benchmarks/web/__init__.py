"""The service beside Isso, over HTTP on loopback: ``python -m benchmarks web``.

Both get the same comments, and the same load from ``wrk`` in the same run; what is compared is
the processor time of the server's processes, read from ``/proc``, divided by the requests that
were answered. Isso runs as its documentation says (Gunicorn, four workers, preloaded). It is
installed into an environment of its own, under ``.corpora``.
"""

from __future__ import annotations

from benchmarks.web.measuring import main

__all__ = ["main"]
