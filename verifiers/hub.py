"""Models and tokenizers by their name on the Hugging Face hub.

They are asked for when the hub answers, else taken out of the local cache, within seconds.

Left to itself the hub's own library tries a name for more than a minute before it gives up.
"""

from __future__ import annotations

import http.client
import threading
import urllib.error
import urllib.request
from pathlib import Path

PATIENCE = 5.0
"""Seconds in which the hub must answer; names of hosts may take far longer to fail than connections."""


def find_model(name: str, *, patience: float = PATIENCE) -> str | Path:
    """The name itself where the hub answers, else the folder of its copy in the local cache.

    Raises:
        FileNotFoundError: there is no copy, and the hub does not answer.
    """
    from huggingface_hub import constants, snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    offline = constants.HF_HUB_OFFLINE
    if not offline and answers(constants.ENDPOINT, patience=patience):
        return name
    try:
        return Path(snapshot_download(name, local_files_only=True))
    except LocalEntryNotFoundError:
        why = "HF_HUB_OFFLINE is set" if offline else f"{constants.ENDPOINT} does not answer within {patience:g} s"
        raise FileNotFoundError(
            f"there is no folder {name}, no copy of it in the hub's cache, and {why}: check the path, or go online once"
        ) from None


def answers(address: str, *, patience: float) -> bool:
    """Whether anything at all comes back from there in time, through a proxy where one is set."""
    heard = threading.Event()

    def ask() -> None:
        try:
            urllib.request.urlopen(urllib.request.Request(address, method="HEAD"), timeout=patience).close()
        except urllib.error.HTTPError:
            pass  # a refusal is an answer
        except (OSError, ValueError, http.client.HTTPException):
            return
        heard.set()

    thread = threading.Thread(target=ask, daemon=True)  # a look-up of the host's name cannot be cut off
    thread.start()
    thread.join(patience)
    return heard.is_set()
