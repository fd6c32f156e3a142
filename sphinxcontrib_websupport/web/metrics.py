"""Metrics for Prometheus: ``pip install sphinx-websupport[metrics]``."""

from __future__ import annotations

import os
from hmac import compare_digest

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from sphinxcontrib_websupport.web.messages import Request, Response
from sphinxcontrib_websupport.web.observing import Answered
from sphinxcontrib_websupport.web.problems import RouteNotFoundError
from sphinxcontrib_websupport.web.routing import Call, Route

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"})

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
"""Upper bounds in seconds; a thread of ten comments takes about a millisecond."""


class Metrics:
    """Counts requests and how long they take, by route, never by what was asked for.

    They are not public: ``GET metrics`` is there for who sends the token as
    ``Authorization: Bearer …``, and for all others it is not there at all. With
    ``PROMETHEUS_MULTIPROC_DIR`` set, any process answers for all that share the folder.

    :param token: what Prometheus sends; ``credentials`` in its settings.
    :param registry: where the metrics are; by default the process's own, with all else that
        the application measures.
    """

    def __init__(self, token: str, registry: CollectorRegistry = REGISTRY) -> None:
        self._expected = f"Bearer {token}".encode()
        self._registry = registry
        self._requests = Counter(
            "websupport_requests",
            "Requests that were answered.",
            ("method", "route", "status"),
            registry=registry,
        )
        self._seconds = Histogram(
            "websupport_request_seconds",
            "How long the service took to answer.",
            ("method", "route"),
            buckets=BUCKETS,
            registry=registry,
        )
        self.routes = (
            Route(
                "GET",
                "metrics",
                self.get,
                "Give metrics to Prometheus.",
                media_type=CONTENT_TYPE_LATEST,
                errors=(404,),
            ),
        )

    def __call__(self, answered: Answered) -> None:
        """Count an answer."""
        # Others could be made up, each with a series of its own.
        method = answered.request.method if answered.request.method in METHODS else "other"
        labels = (method, answered.template)
        self._requests.labels(*labels, str(answered.response.status)).inc()
        self._seconds.labels(*labels).observe(answered.seconds)

    def is_asked_by_operator(self, request: Request) -> bool:
        """Tell whether a request shows the token."""
        given = request.headers.get("authorization", "").encode("utf-8", "replace")
        return compare_digest(given, self._expected)

    def get(self, call: Call) -> Response:
        """Give all that was measured, in Prometheus's text format."""
        if not self.is_asked_by_operator(call.request):
            raise RouteNotFoundError("There is nothing at this address.")
        registry = self._registry
        if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return Response(200, generate_latest(registry), CONTENT_TYPE_LATEST)
