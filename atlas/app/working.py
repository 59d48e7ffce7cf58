"""Long work in a process of its own: the page and the other readers stay alive, and who stops it ends it at once."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from atlas.errors import AtlasError

if TYPE_CHECKING:
    from atlas.build import Progress
    from atlas.built import Built

LOOKS_S = 0.15
"""How often the page looks how far the work is; stopping is noticed as often."""
KEPT = 16


def work(task: str, tell: Progress, **arguments: Any) -> Any:
    """What a task of :mod:`atlas.app.tasks` gives.

    ``tell`` is called several times a second. Where it raises, as Streamlit does when the reader stops, moves
    something or leaves, the process is killed; whatever it has written for itself goes with its folder.
    """
    with tempfile.TemporaryDirectory(prefix="atlas-work-", ignore_cleanup_errors=True) as folder:
        result = Path(folder) / "result"
        process = _started(folder)
        heard: list[tuple[float, str]] = [(0.0, "")]
        listener = threading.Thread(target=_listen, args=(process.stdout, heard), daemon=True)
        listener.start()
        try:
            _ask(process.stdin, {"task": task, "arguments": arguments, "result": str(result)})
            while process.poll() is None:
                tell(*heard[-1])
                try:
                    process.wait(LOOKS_S)
                except subprocess.TimeoutExpired:
                    continue
        finally:
            process.kill()
            process.wait()
            listener.join()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with suppress(BrokenPipeError):
                        pipe.close()
        return _taken(result)


def _started(folder: str) -> subprocess.Popen[bytes]:
    package = str(Path(__file__).parents[2])
    path = os.pathsep.join(filter(None, (package, os.environ.get("PYTHONPATH", ""))))
    own = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), folder)
    return subprocess.Popen(
        [sys.executable, "-m", "atlas.app.tasks"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, **own, "PYTHONPATH": path},
        start_new_session=True,  # Ctrl-C is for the app, which ends its work itself
    )  # fmt: skip


def _ask(pipe: IO[bytes] | None, asked: dict[str, Any]) -> None:
    if pipe is None:
        return
    with suppress(BrokenPipeError):  # it is dead already: its result will be missing, and that is said
        pipe.write(json.dumps(asked).encode() + b"\n")
        pipe.flush()  # the pipe stays open: the process ends when it is closed, as when the app is killed


def _listen(pipe: IO[bytes] | None, heard: list[tuple[float, str]]) -> None:
    for line in pipe or ():
        share, stage = json.loads(line)
        heard[:] = [(float(share), str(stage))]


def _taken(result: Path) -> Any:
    if not result.is_file():
        raise AtlasError(
            "O trabalho acabou sem resultado, talvez por falta de memória ou de espaço. Repita-o.",
            "The work ended without a result, perhaps for want of memory or space. Try it again.",
        )
    kind, *told = pickle.loads(result.read_bytes())  # noqa: S301  (this process's own child wrote it)
    if kind == "fault":
        pt, en, where = told
        raise AtlasError(pt, en, where=where)
    return told[0]


def place_of(built: Built) -> dict[str, str]:
    """How a process of its own finds an open atlas."""
    return {"folder": str(built.atlas.folder), "store": str(built.store.folder)}


@cache
def _shelf() -> OrderedDict[str, Any]:
    """What came of the last pieces of work, for all sessions."""
    return OrderedDict()


def name_of(task: str, atlas: str, arguments: Mapping[str, Any]) -> str:
    """What a piece of work is called: the same for the same task on the same built atlas."""
    return json.dumps([task, atlas, arguments], sort_keys=True)


def held(key: str) -> Any:
    """What the work called ``key`` gave, if it is still kept."""
    return _shelf().get(key)


def hold(key: str, made: Any) -> None:
    """Keep what came of it; the oldest is dropped."""
    shelf = _shelf()
    shelf[key] = made
    while len(shelf) > KEPT:
        shelf.popitem(last=False)
