"""The server and the small atlas of the tests of fetching."""

from __future__ import annotations

from fetch_service import client, service, town

__all__ = ["client", "service", "town"]
