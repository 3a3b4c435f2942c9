"""GPUs, asked by NVIDIA's tool: for where its library cannot be loaded."""

from collections.abc import Mapping

from repro import process
from repro.errors import ReproError
from repro.sensors.panel import Figures, Panel

__all__ = ["NvidiaSmiError", "nvidia_smi_panel"]

_MIB_MB = 2**20 / 1e6
_TIMEOUT_S = 5.0
_QUERY = (
    "index,uuid,utilization.gpu,memory.used,memory.total,temperature.gpu,power.draw,power.limit"
)
_ASK = ("nvidia-smi", f"--query-gpu={_QUERY}", "--format=csv,noheader,nounits")
_FIGURES = (
    "utilization_percentage",
    "memory_usage_megabytes",
    "memory_usage_percentage",
    "temperature_celsius",
    "power_usage_watts",
    "power_usage_percentage",
)


class NvidiaSmiError(ReproError):
    """The tool did not answer."""


def nvidia_smi_panel(env: Mapping[str, str], visible: tuple[str, ...] | None) -> Panel:
    """Returns what the tool can tell of all GPUs that a process may use.

    Args:
        env: Whose PATH has the tool.
        visible: See `repro.sensors.gpus.visible_gpus`; parts of GPUs it cannot name.

    Raises:
        NvidiaSmiError: It did not answer.
        CommandNotFoundError: There is no such tool.
    """
    return Panel([_NvidiaSmi(env, visible)])


class _NvidiaSmi:
    """All GPUs that a process may use.

    Attributes:
        names: Of what they can tell.
    """

    def __init__(self, env: Mapping[str, str], visible: tuple[str, ...] | None) -> None:
        """Asks once, to see what there is."""
        self._env = dict(env)
        rows = self._ask()
        self._uuids = _chosen(rows, visible)
        known = [(n, _figures(rows[uuid])) for n, uuid in enumerate(self._uuids)]
        self._columns = [
            (n, at)
            for n, figures in known
            for at, figure in enumerate(figures)
            if figure is not None
        ]
        self.names = tuple(f"gpu_{n}_{_FIGURES[at]}" for n, at in self._columns)

    def read(self, _at_s: float, /) -> Figures:
        """Asks; a GPU that is lost meanwhile has no figures.

        Raises:
            NvidiaSmiError: It did not answer.
        """
        rows = self._ask()
        nothing = (None,) * len(_FIGURES)
        figures = [_figures(rows[uuid]) if uuid in rows else nothing for uuid in self._uuids]
        return [figures[n][at] for n, at in self._columns]

    def _ask(self) -> dict[str, list[str]]:
        """Returns the row of each GPU by its UUID."""
        result = process.run(_ASK, env=self._env, timeout_s=_TIMEOUT_S)
        if result.code != 0:
            said = (result.out + result.err).decode("utf-8", "replace").strip()
            raise NvidiaSmiError(f"nvidia-smi: {said.partition(chr(10))[0] or result.code}")
        lines = result.out.decode("utf-8", "replace").splitlines()
        rows = ([cell.strip() for cell in line.split(",")] for line in lines)
        return {row[1]: row for row in rows if len(row) == _QUERY.count(",") + 1}


def _chosen(rows: Mapping[str, list[str]], visible: tuple[str, ...] | None) -> list[str]:
    """Returns the UUIDs in the order of the process, up to the first that is not there."""
    if visible is None:
        return list(rows)
    by_index = {row[0]: uuid for uuid, row in rows.items()}
    found: list[str] = []
    for word in visible:
        uuid = by_index.get(word) or next((u for u in rows if u.startswith(word)), None)
        if uuid is None:
            break
        found.append(uuid)
    return found


def _figures(row: list[str]) -> Figures:
    busy, used, total, celsius, watts, limit = map(_number, row[2:])
    return (
        busy,
        None if used is None else used * _MIB_MB,
        None if used is None or not total else 100 * used / total,
        celsius,
        watts,
        None if watts is None or not limit else 100 * watts / limit,
    )


def _number(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:  # [N/A], [Not Supported]
        return None
