"""Tests of folders that may not be written to, although whoever runs them is root."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NOBODY = 65534


@contextmanager
def nobody() -> Iterator[None]:
    """Root may write anywhere: for the while, be somebody who may not.

    What a command imports when it runs must have been imported before, since root's own folders are shut then.
    """
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@contextmanager
def open_folder() -> Iterator[Path]:
    """A temporary folder that everybody may enter and read; those of pytest are its user's alone."""
    with tempfile.TemporaryDirectory(prefix="atlas-test-") as name:
        Path(name).chmod(0o755)
        yield Path(name)
