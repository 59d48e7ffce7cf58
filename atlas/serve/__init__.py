"""The last build, read-only, as OGC API Features: pygeoapi answers over the store, waitress listens.

Only the routes that read exist, so there is nothing to write with. A page may load and run nothing: whatever a name
in the data says, a browser shows it as text.
"""

from __future__ import annotations

import logging
import socket
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from atlas.errors import AtlasError, OutputError

if TYPE_CHECKING:
    from flask import Flask, Response

    from atlas.built import Built
    from atlas.serve.live import Live

LOOPBACK, PORT = "127.0.0.1", 5000
PAGE, MOST = 1000, 10_000  # features an answer holds, and holds at most
HIGHEST_PORT = 65535
THREADS = 4
SHUT = (
    "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Content security policy of every answer: no script, nothing from elsewhere."""
_WRITING = "create-replace-delete"
_TIME = {
    "name": "datetime", "in": "query", "required": False, "style": "form", "explode": False,
    "description": "A day, an instant (RFC 3339) or an interval of two; no feature has a time, so all of them match.",
    "schema": {"type": "string"},
}  # fmt: skip
_ROUTES = {
    "/": ("pygeoapi.api", "landing_page"),
    "/openapi": ("pygeoapi.api", "openapi_"),
    "/conformance": ("pygeoapi.api", "conformance"),
    "/collections": ("pygeoapi.api", "describe_collections"),
    "/collections/<dataset>": ("pygeoapi.api", "describe_collections"),
    "/collections/<dataset>/schema": ("pygeoapi.api", "get_collection_schema"),
    "/collections/<dataset>/queryables": ("pygeoapi.api.itemtypes", "get_collection_queryables"),
    "/collections/<dataset>/items": ("pygeoapi.api.itemtypes", "get_collection_items"),
    "/collections/<dataset>/items/<path:identifier>": ("pygeoapi.api.itemtypes", "get_collection_item"),
}


def serve(
    built: Built,
    *,
    host: str = LOOPBACK,
    port: int = PORT,
    url: str | None = None,
    lang: str = "pt",
    ready: Callable[[str], object] = str,
) -> None:
    """Serve until Ctrl-C; ``ready`` is called with the address once the port is open.

    ``url`` is the address that the links name, where a proxy stands in front.

    Raises
    ------
    OutputError
        The port is taken or may not be used, or the address is not one of this machine's.

    """
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
    logging.getLogger("pygeoapi").setLevel(logging.CRITICAL)  # a wrong request is answered, not logged
    address = url or f"http://{_name(host)}:{port}"
    app = application(built, address.rstrip("/"), lang)
    import waitress

    try:
        if not 0 < port <= HIGHEST_PORT:  # getaddrinfo would take the rest of a division
            raise ValueError(f"{port} > {HIGHEST_PORT}" if port > 0 else f"{port} < 1")
        server = waitress.create_server(app, host=host, port=port, threads=THREADS, ident="atlas")
    except (OSError, ValueError) as fault:
        raise OutputError(
            f"Não se pode escutar aqui ({getattr(fault, 'strerror', None) or fault}). Indique outra porta com "
            "`--port`, ou outro endereço com `--host`.",
            f"Cannot listen here ({getattr(fault, 'strerror', None) or fault}). Name another port with `--port`, or "
            "another address with `--host`.",
            where=f"{host}:{port}",
        ) from fault
    ready(address)
    try:
        server.run()
    finally:
        server.close()


def _name(host: str) -> str:
    """What others call this machine, where it listens on all of its addresses."""
    if host in {"0.0.0.0", "::"}:  # noqa: S104  (asked about, not bound to)
        return socket.gethostname()
    return f"[{host}]" if ":" in host else host


def application(built: Built, url: str, lang: str = "pt") -> Flask:
    """The service as a WSGI application, its links beginning with ``url``."""
    try:
        import flask
        from pygeoapi.api import API, itemtypes
    except ModuleNotFoundError as missing:
        raise AtlasError(
            f"Falta o pacote «{missing.name}». Instale o extra: pip install 'atlas-creative-places[serve]'.",
            f"The package “{missing.name}” is missing. Install the extra: pip install 'atlas-creative-places[serve]'.",
        ) from missing
    from atlas.serve.live import Live
    from atlas.serve.settings import settings

    itemtypes.CONFORMANCE_CLASSES_FEATURES[:] = [
        one for one in itemtypes.CONFORMANCE_CLASSES_FEATURES if _WRITING not in one
    ]
    live = Live(built, lang)
    config = settings(live, url, page=PAGE, most=MOST)
    api = API(config, None)
    app = flask.Flask(__name__, static_folder=None)
    for route, (module, name) in _ROUTES.items():
        app.add_url_rule(route, route, _answering(api, live, module, name), methods=["GET"])
    app.after_request(_shut)
    return app


def _answering(api: Any, live: Live, module: str, name: str) -> Callable[..., Response]:
    """A route's function: pygeoapi's own, asked in pygeoapi's own way."""
    import importlib

    import flask
    from pygeoapi import api as core
    from pygeoapi.api import APIRequest, apply_gzip
    from pygeoapi.openapi import get_oas

    from atlas.serve.asked import fault_of, media_type

    run = getattr(importlib.import_module(module), name)
    common = tuple(core.CONFORMANCE_CLASSES)

    def answer(**parts: str) -> Response:
        asked = APIRequest.from_flask(flask.request, api.locales)
        dataset = parts.get("dataset")
        fields = live.fields(dataset) if dataset in live.titles() else {}
        fault = fault_of(name, flask.request.args, fields)
        if not asked.is_valid():
            headers, status, content = api.get_format_exception(asked)
        elif fault is not None and (dataset is None or fields):
            said = asked.get_response_headers(**api.api_headers)
            headers, status, content = api.get_exception(400, said, asked.format, "InvalidParameterValue", fault)
        else:
            if name == "conformance":
                core.CONFORMANCE_CLASSES[:] = common  # pygeoapi adds to this list at every answer
            if name == "openapi_" and api.openapi is None:
                api.openapi = _described(get_oas(api.config))
            headers, status, content = run(api, asked, *parts.values())
        response = flask.make_response(apply_gzip(headers, content), int(status))
        response.headers.clear()
        response.headers.update(headers)
        if status == 200:
            response.headers["Content-Type"] = media_type(name, response.headers["Content-Type"])
        return response

    return answer


def _described(document: dict[str, Any]) -> dict[str, Any]:
    """The OpenAPI document without what pygeoapi could do and is not asked to (processes, tiles).

    The standard wants a time as a parameter of every collection; pygeoapi states it for those that have one.
    """
    paths = {path: verbs for path, verbs in document["paths"].items() if path in _ROUTES or "/collections/" in path}
    for path, verbs in paths.items():
        if path.endswith("/items"):
            verbs["get"]["parameters"].append(_TIME)
    return {**document, "paths": paths}


def _shut(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = SHUT
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "no-cache"
    response.headers.pop("X-Powered-By", None)
    return response
