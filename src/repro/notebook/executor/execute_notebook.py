"""Executes a notebook for ``repro run``, in the Python of the project.

That Python need not have repro, and may be older: this file stands alone, beside nbclient, nbformat
and ipykernel. It is told the notebook, and params as JSON (see `repro.notebook.command`);
REPRO_RUN_DIRECTORY names the directory of the run. The cells go to ``cells.jsonl`` there (see
`repro.record.cells`); the executed copy, again and again as cells end, to ``artifacts/``, which is
announced in ``journal/`` (see `repro.journal`). What cells print goes to stdout and stderr as it
comes. The notebook's own file is not touched.
"""

# ruff: noqa: INP001, E402
from __future__ import annotations

import ast
import asyncio
import json
import os
import re
import signal
import sys
import time
import warnings
from typing import Any

sys.path[:] = [entry for entry in sys.path if entry != os.path.dirname(os.path.abspath(__file__))]

import nbformat
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError

PARAMETERS = "parameters"
INJECTED = "injected-parameters"
"""Tags of cells, as papermill knows them."""
COPY = "executed.ipynb"
SAVE_EVERY_S = 2.0
START_LIMIT_S = 180
ESCAPE = re.compile(r"\x1b\[[0-9;]*m")


class Journal:
    """Lines of JSON in the directory of the run, each written whole before anything goes on."""

    def __init__(self, directory: str) -> None:
        host = "".join(c if c.isalnum() else "_" for c in os.uname().nodename)[:40]
        os.makedirs(f"{directory}/journal", exist_ok=True)
        name = f"{directory}/journal/0-{host}-{os.getpid()}-{time.time_ns():x}"
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        self._said = os.open(name, flags, 0o600)
        self._cells = os.open(f"{directory}/cells.jsonl", flags, 0o600)
        self.event("b", {"rank": 0, "host": os.uname().nodename, "pid": os.getpid()})

    def event(self, letter: str, value: dict[str, Any]) -> None:
        """Says something of the run."""
        os.write(self._said, f"{letter} {json.dumps(value)}\n".encode("ascii"))

    def cells(self, value: dict[str, Any]) -> None:
        """Says something of the cells."""
        line = json.dumps({"kernel": os.getpid(), **value})
        os.write(self._cells, f"{line}\n".encode("ascii"))


class OwnKernel(KernelSpecManager):
    """Knows one kernel: that of this Python.

    The name of a notebook's kernel says nothing: under the same one every machine has another.
    """

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:  # noqa: ARG002 - the base's
        """Returns it, whatever the name."""
        from ipykernel.kernelspec import get_kernel_dict

        return KernelSpec(resource_dir="", **get_kernel_dict())


class Copy:
    """The executed copy, which is there, whole, from the start on."""

    def __init__(self, notebook: Any, directory: str) -> None:  # noqa: ANN401 - a NotebookNode
        os.makedirs(directory, exist_ok=True)
        self._notebook = notebook
        self._path = f"{directory}/{COPY}"
        self._saved = 0.0

    def save(self) -> None:
        """Writes it."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            nbformat.write(self._notebook, f"{self._path}.tmp")  # type: ignore[no-untyped-call]
        os.replace(f"{self._path}.tmp", self._path)
        self._saved = time.monotonic()

    def save_at_times(self) -> None:
        """Writes it where that was not done just now: outputs may be many megabytes."""
        if time.monotonic() - self._saved > SAVE_EVERY_S:
            self.save()


class Client(NotebookClient):
    """Executes cells, and passes on what they print.

    Attributes:
        stopped_by: The signal that asked for the end; 0 for none.
    """

    def __init__(self, notebook: Any, journal: Journal, copy: Copy, **options: Any) -> None:  # noqa: ANN401
        super().__init__(notebook, **options)
        self.stopped_by = 0
        self._journal = journal
        self._copy = copy
        self._n_cells = 0
        self._began = 0.0
        self._asked: asyncio.Future[Any] | None = None
        self.on_notebook_start = self.listen
        self.on_cell_execute = self.begin
        self.on_cell_executed = self.end

    def process_message(self, msg: dict[str, Any], cell: Any, cell_index: int) -> Any:  # noqa: ANN401
        """Takes what the kernel says."""
        output = super().process_message(msg, cell, cell_index)
        content, kind = msg["content"], msg["msg_type"]
        if kind == "stream":
            show(content["text"], is_error=content["name"] == "stderr")
        elif kind in ("execute_result", "display_data") and "text/plain" in content["data"]:
            show(f"{content['data']['text/plain']}\n")
        elif kind == "error":
            show("\n".join([*content["traceback"], ""]), is_error=True)
        return output

    def begin(self, cell: Any, cell_index: int) -> None:  # noqa: ANN401, ARG002 - nbclient's names
        """Notes a cell before it runs."""
        if self.stopped_by:
            raise KeyboardInterrupt
        self._n_cells += 1
        self._journal.cells(
            {
                "cell": self._n_cells,
                "source": cell.source,
                "number": self.code_cells_executed + 1,
                "id": cell.get("id"),
                "is_injected": has_tag(cell, INJECTED),
            }
        )
        self._began = time.monotonic()

    def end(self, cell: Any, cell_index: int, execute_reply: Any) -> None:  # noqa: ANN401, ARG002
        """Notes how a cell ended."""
        content = execute_reply["content"]
        error = content.get("ename") if content.get("status") == "error" else None
        took_s = round(time.monotonic() - self._began, 3)
        self._journal.cells({"ended": self._n_cells, "took_s": took_s, "error": error})
        self._copy.save_at_times()

    def listen(self, notebook: Any) -> None:  # noqa: ANN401, ARG002 - nbclient's name
        """Has signals end what the kernel does, rather than the kernel: so the cell says where."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self.stop, number)

    def stop(self, number: int) -> None:
        """Interrupts the kernel; at the second time it is shut down."""
        is_second, self.stopped_by = bool(self.stopped_by), number
        if self.km is not None:
            kernel: Any = self.km
            ask = kernel.shutdown_kernel(now=True) if is_second else kernel.interrupt_kernel()
            self._asked = asyncio.ensure_future(ask)


def show(text: str, *, is_error: bool = False) -> None:
    """Prints what a cell printed; colours only where they are of use."""
    stream = sys.stderr if is_error else sys.stdout
    stream.write(text if stream.isatty() else ESCAPE.sub("", text))
    stream.flush()


def has_tag(cell: Any, tag: str) -> bool:  # noqa: ANN401 - a NotebookNode
    """Tells whether a cell has a tag."""
    return tag in cell.metadata.get("tags", [])


def literals(source: str) -> dict[str, Any]:
    """Returns the plain values that a cell of parameters assigns."""
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError):
        return {}
    found: dict[str, Any] = {}
    for node in body:
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            targets = [node.target]
        else:
            continue
        try:
            value = ast.literal_eval(node.value)  # type: ignore[arg-type]
            json.dumps(value, allow_nan=False)
        except (ValueError, TypeError):
            continue
        found.update({target.id: value for target in targets if isinstance(target, ast.Name)})
    return found


def set_params(notebook: Any, params: dict[str, Any]) -> dict[str, Any]:  # noqa: ANN401
    """Puts a cell that sets params behind the one tagged ``parameters``, else first.

    One that an earlier execution put in is replaced.

    Returns:
        The defaults that stay.
    """
    cells = notebook.cells
    defaults: dict[str, Any] = {}
    for cell in cells:
        if has_tag(cell, PARAMETERS):
            defaults.update(literals(cell.source))
    if params:
        cells[:] = [cell for cell in cells if not has_tag(cell, INJECTED)]
        lines = ["# Parameters", *(f"{name} = {value!r}" for name, value in params.items())]
        injected = nbformat.v4.new_code_cell(  # type: ignore[no-untyped-call]
            "\n".join(lines), metadata={"tags": [INJECTED]}
        )
        # Ids are random, and the same run is to make the same copy; older formats have none.
        injected.pop("id", None)
        if (notebook.nbformat, notebook.nbformat_minor) >= (4, 5):
            injected["id"] = INJECTED
        places = [at for at, cell in enumerate(cells) if has_tag(cell, PARAMETERS)]
        cells.insert(places[0] + 1 if places else 0, injected)
    return {name: value for name, value in defaults.items() if name not in params}


def read(path: str) -> Any:  # noqa: ANN401 - a NotebookNode
    """Returns the notebook, without what an earlier execution left in it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of ids that cells of old notebooks lack
        notebook: Any = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return notebook


def main(path: str, params: dict[str, Any]) -> int:
    """Executes it and returns the exit code: 1 when a cell raised, 128 + signal after one."""
    directory = os.environ["REPRO_RUN_DIRECTORY"]
    full = os.path.realpath(path)
    os.environ["REPRO_NOTEBOOK"] = full  # the kernel need not keep its cells itself
    notebook = read(path)
    journal = Journal(directory)
    journal.cells({"notebook": full, "n_missing": 0})
    options: dict[str, Any] = {}
    language = str(notebook.metadata.get("kernelspec", {}).get("language", "python")).lower()
    if language.startswith("python"):
        defaults = set_params(notebook, params)
        if defaults:
            journal.event("p", defaults)
        options["km"] = AsyncKernelManager(
            kernel_name="python3",
            kernel_spec_manager=OwnKernel(),
            connection_file=f"{directory}/kernel.json",
        )
        # It warns of sockets that any front end would use as well.
        options["extra_arguments"] = ["--log-level=ERROR"]
    copy = Copy(notebook, f"{directory}/artifacts")
    copy.save()
    name = os.path.basename(path)
    journal.event("a", {"name": name, "content": COPY, "in_place": False, "kind": ""})
    client = Client(
        notebook,
        journal,
        copy,
        timeout=None,
        startup_timeout=START_LIMIT_S,
        record_timing=False,  # the same outputs make the same copy
        resources={"metadata": {"path": os.path.dirname(full)}},
        **options,
    )
    try:
        client.execute(cleanup_kc=True)
    except CellExecutionError:
        return 128 + client.stopped_by if client.stopped_by else 1
    except DeadKernelError as error:
        show(f"repro: {error}\n", is_error=True)
        return 128 + client.stopped_by if client.stopped_by else 1
    except KeyboardInterrupt:
        return 128 + (client.stopped_by or signal.SIGINT)
    finally:
        copy.save()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], json.loads(sys.argv[2])))
