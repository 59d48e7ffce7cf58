"""Starts the app: Streamlit in this process, on loopback, without telemetry, until Ctrl-C."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

ENTRY = Path(__file__).parent / "entry" / "planner.py"
LOOPBACK = "127.0.0.1"

SETTINGS: dict[str, Any] = {
    "browser.gatherUsageStats": False,
    "client.toolbarMode": "minimal",
    "client.showErrorDetails": "none",
    "client.showErrorLinks": False,
    # A message that the browser holds already is sent as a reference (75 bytes) from this size on.
    "global.minCachedMessageSize": 150,
    "logger.level": "warning",
    # Streamlit would walk through all that it holds after every run; Python's own collector does when it need.
    "runner.postScriptGC": False,
    "server.address": LOOPBACK,
    "server.enableWebsocketCompression": True,
    "server.fileWatcherType": "none",
    # A file of the reader's own (20 MB, a third more as text) comes over the socket; Streamlit's uploads are unused.
    "server.maxMessageSize": 50,
    "server.maxUploadSize": 1,
    "theme.font": "sans-serif",
    "theme.baseRadius": "none",
    "theme.showWidgetBorder": True,
    "theme.light.primaryColor": "#1f5f8b",
    "theme.light.backgroundColor": "#ffffff",
    "theme.light.secondaryBackgroundColor": "#f4f6f8",
    "theme.light.textColor": "#1b3a57",
    "theme.light.borderColor": "#c8d0d8",
    "theme.dark.primaryColor": "#7cc4f0",
    "theme.dark.backgroundColor": "#12181f",
    "theme.dark.secondaryBackgroundColor": "#1b232c",
    "theme.dark.textColor": "#e6edf3",
    "theme.dark.borderColor": "#3a4653",
}
"""What Streamlit is told; ``.streamlit/config.toml`` tells the same to ``streamlit run streamlit_app.py``."""


def serve(
    name: str = "norte",
    store: Path | None = None,
    port: int = 8501,
    host: str = LOOPBACK,
    browser: bool = True,
    base_path: str = "",
) -> None:
    """Serve the atlas ``name`` until Ctrl-C; returns then.

    On loopback unless ``host`` says otherwise; ``base_path`` is the folder under which a proxy shows the app.
    """
    from atlas.app.underlay import installation

    installation()  # a fault in its file ends the start, not a page
    from streamlit import net_util
    from streamlit.web import bootstrap

    # Streamlit would ask a server on the network for this machine's address; nothing here leaves the machine.
    net_util.get_external_ip = lambda: None
    os.environ["ATLAS_APP_NAME"] = name
    if store is not None:
        os.environ["ATLAS_APP_STORE"] = str(Path(store).resolve())
    options = SETTINGS | {
        "server.address": host,
        "server.port": port,
        "server.headless": not browser,
        "server.baseUrlPath": base_path.strip("/"),
    }
    flags = {key.replace(".", "_"): value for key, value in options.items()}
    bootstrap.load_config_options(flag_options=flags)
    bootstrap.run(str(ENTRY), False, [], flags)
