"""Properties run without a stopwatch: a busy machine is no counter-example."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("scoring", deadline=None, max_examples=60)
settings.load_profile("scoring")
