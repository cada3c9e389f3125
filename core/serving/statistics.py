"""What a service has done: counters for Prometheus, and the figures that the Deploy page shows."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

RECENT = 2000  # requests that p50 and p95 are taken from
RECENT_S = 60
_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Statistics:
    """Counts requests; one object a service."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "adaptmllm_requests",
            "Answered requests.",
            ["route", "status"],
            registry=self.registry,
        )
        self._seconds = Histogram(
            "adaptmllm_request_seconds",
            "Duration of requests.",
            ["route"],
            buckets=_BUCKETS_S,
            registry=self.registry,
        )
        self._characters = Counter(
            "adaptmllm_characters", "Characters that were translated.", registry=self.registry
        )
        self._started_s = self._last_use_s = time.monotonic()
        self._recent: deque[tuple[float, float]] = deque(maxlen=RECENT)
        self._answered = _PerSecond()
        self._refused = _PerSecond()
        self.num_requests = 0
        self.num_characters = 0
        self.in_flight = 0
        self.translations_in_flight = 0

    def gauge(self, name: str, meaning: str, value: Callable[[], float]) -> None:
        """Adds a figure that is asked for whenever somebody looks."""
        gauge = Gauge(name, meaning, registry=self.registry, namespace="adaptmllm")
        gauge.set_function(value)

    def answered(self, route: str, status: int, seconds: float, *, is_translation: bool) -> None:
        """Counts one request.

        Args:
            route: The route's template, never the address with what users wrote into it.
            status: HTTP status.
            seconds: From the first byte to the last.
            is_translation: Whether it counts for rate and percentiles; looks at health do not.
        """
        self._requests.labels(route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)
        if not is_translation:
            return
        now = time.monotonic()
        self.num_requests += 1
        self._recent.append((now, seconds))
        self._answered.add(now)
        if status in (429, 503):
            self._refused.add(now)

    def translated(self, num_characters: int) -> None:
        """Counts the characters of a text that was translated."""
        self._characters.inc(num_characters)
        self.num_characters += num_characters

    def used(self) -> None:
        """Notes that somebody uses the service at this moment."""
        self._last_use_s = time.monotonic()

    @property
    def idle_s(self) -> float:
        """Seconds since somebody used the service."""
        return time.monotonic() - self._last_use_s

    def exposition(self) -> bytes:
        """Gives all figures in Prometheus' text format."""
        return generate_latest(self.registry)

    def snapshot(self) -> dict[str, Any]:
        """Gives the figures of the last minute and the totals."""
        since = time.monotonic() - RECENT_S
        recent = [seconds for at, seconds in self._recent if at >= since]
        span_s = min(RECENT_S, time.monotonic() - self._started_s)
        return {
            "uptime_s": round(time.monotonic() - self._started_s, 1),
            "num_requests": self.num_requests,
            "num_characters": self.num_characters,
            "in_flight": self.in_flight,
            "requests_per_s": round(self._answered.total(since) / max(span_s, 1.0), 3),
            "p50_ms": percentile_ms(recent, 0.5),
            "p95_ms": percentile_ms(recent, 0.95),
            "num_refused": self._refused.total(since),
        }


class _PerSecond:
    """Counts events by second, for the last minute only."""

    def __init__(self) -> None:
        self._counts: dict[int, int] = {}

    def add(self, now: float) -> None:
        second = int(now)
        if second not in self._counts:
            old = [at for at in self._counts if at < second - RECENT_S]
            for at in old:
                del self._counts[at]
        self._counts[second] = self._counts.get(second, 0) + 1

    def total(self, since: float) -> int:
        return sum(count for second, count in self._counts.items() if second >= int(since))


def percentile_ms(seconds: list[float], share: float) -> float | None:
    """Gives a percentile in milliseconds (nearest rank); None without values."""
    if not seconds:
        return None
    ordered = sorted(seconds)
    return round(1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))], 1)
