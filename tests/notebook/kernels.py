"""Live kernels, as Jupyter starts them."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

__all__ = ["Kernel", "live_kernel"]

_LIMIT_S = 60


class Kernel:
    """A kernel that executes what it is told.

    Attributes:
        pid: Its process.
    """

    def __init__(self, client: BlockingKernelClient, pid: int) -> None:
        self._client = client
        self.pid = pid

    def execute(self, source: str) -> tuple[str, str]:
        """Executes a cell, and returns what it printed and showed, and the error it raised."""
        shown: list[str] = []

        def note(message: dict[str, Any]) -> None:
            content = message["content"]
            if message["msg_type"] == "stream":
                shown.append(content["text"])
            elif message["msg_type"] in ("execute_result", "display_data"):
                shown.append(content["data"].get("text/html") or content["data"]["text/plain"])
            elif message["msg_type"] == "error":
                shown.append("\n".join(content["traceback"]))

        reply = self._client.execute_interactive(
            source, timeout=_LIMIT_S, output_hook=note, store_history=True, allow_stdin=False
        )
        return "".join(shown), str(reply["content"].get("ename", ""))


@contextmanager
def live_kernel(cwd: Path, **env: str) -> Iterator[Kernel]:
    """Starts a kernel, and ends it."""
    variables: Mapping[str, str] = os.environ | env
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(
        cwd=str(cwd), env=dict(variables), extra_arguments=["--HistoryManager.hist_file=:memory:"]
    )
    client = manager.blocking_client()
    try:
        client.start_channels()
        client.wait_for_ready(timeout=_LIMIT_S)
        provisioner: Any = manager.provisioner
        yield Kernel(client, provisioner.process.pid)
    finally:
        client.stop_channels()
        manager.shutdown_kernel()
        manager.cleanup_resources()
        manager.context.destroy(linger=0)
