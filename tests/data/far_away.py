"""A file system far away, in memory, with the faults that a network has."""

import posixpath
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from repro.data.remote import Watch

__all__ = ["FarAway"]


@dataclass
class FarAway:
    """What `repro.data.remote.FileSystem` asks for; by default it has no faults.

    Attributes:
        files: Content by path.
        stops_after: So many bytes of each upload arrive.
        error: Raised for each question, and at the end of each download.
        put_error: Raised at the end of each upload.
        fails_for: Only uploads to paths with this in them fail.
        is_endless: Whether each file is zeros without end.
        asked: Paths of the files that were wanted, in order.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    protocol: str = "ssh"
    stops_after: int | None = None
    error: Exception | None = None
    put_error: Exception | None = None
    fails_for: str = ""
    is_endless: bool = False
    asked: list[str] = field(default_factory=list)

    def join(self, *parts: str) -> str:
        return posixpath.join(*parts)

    def info(self, path: str) -> Mapping[str, object]:
        if path not in self.files:
            raise FileNotFoundError(path)
        return {"size": len(self.files[path])}

    def infos(self, paths: Sequence[str]) -> Sequence[object]:
        if self.error is not None:
            return [self.error for _ in paths]
        return [self.info(x) if x in self.files else FileNotFoundError(x) for x in paths]

    def get_file(self, from_path: str, to_path: str, watch: Watch) -> None:
        self.asked.append(from_path)
        if from_path not in self.files:
            raise FileNotFoundError(from_path)
        with open(to_path, "wb") as file:
            while self.is_endless:
                file.write(bytes(1000))
                watch.on_bytes(1000)
            file.write(self.files[from_path])
            watch.on_bytes(len(self.files[from_path]))
        if self.error is not None:
            raise self.error

    def put_file(self, from_path: str, to_path: str, watch: Watch) -> None:
        self.asked.append(to_path)
        content = Path(from_path).read_bytes()[: self.stops_after]
        self.files[to_path] = content
        watch.on_bytes(len(content))
        if self.put_error is not None and self.fails_for in to_path:
            raise self.put_error

    def makedirs(self, path: str) -> None:
        pass

    def move(self, from_path: str, to_path: str) -> None:
        self.files[to_path] = self.files.pop(from_path)

    def remove(self, path: str) -> None:
        del self.files[path]

    def version_path(self, path: str, version: str) -> str:
        return f"{path}?{version}"

    def list_present(self, *_: object) -> Iterable[str] | None:
        return None
