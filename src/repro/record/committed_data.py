"""The data of a commit: the hashes that its DVC files name, and such bytes as are quickly had.

What a commit says of its data stands in its ``*.dvc`` and ``dvc.lock``; what lies in the working
tree may be something else by now. Within a commit nothing large can be hashed: its bytes are left
where they are, with a gap.
"""

import os
from typing import TYPE_CHECKING

from repro.model.data import DataEntry, Place, Source, check_path
from repro.model.gap import Gap, GapKind
from repro.model.policy import Keep
from repro.record.inputs import Collector
from repro.record.observer import Inputs
from repro.record.project import Project, is_outside
from repro.record.tree_facts import TreeFacts
from repro.record.warehouse import Warehouse

if TYPE_CHECKING:
    from repro.data.pointers import Pointer

__all__ = ["committed_inputs"]

_MOST_BYTES = 8 * 2**20
_MOST_FILES = 200
"""So much may be hashed and copied within a commit; both together take some 50 ms."""
_RECORD = "repro record -n NAME"


def committed_inputs(
    project: Project, facts: TreeFacts, *, top: str, warehouse: Warehouse
) -> Inputs:
    """Returns the data of a commit.

    Args:
        project: Whose inputs are declared.
        facts: What the commit's tree says.
        top: The top of the working tree, where bytes may lie.
        warehouse: Where they go.
    """
    collector = _Collector(top, warehouse)
    collector.add_pointers(facts.pointers, tracked=facts.tracked)
    collector.add_declared(project, facts)
    return Inputs(tuple(collector.entries.values()), tuple(collector.gaps))


class _Collector(Collector):
    """Takes the hashes from DVC's files, and bytes where that takes no time."""

    def __init__(self, top: str, warehouse: Warehouse) -> None:
        super().__init__(top, warehouse)
        self._left_bytes = _MOST_BYTES
        self._left_files = _MOST_FILES

    def add_declared(self, project: Project, facts: TreeFacts) -> None:
        """Adds small inputs of ``[tool.repro]``; git does not know them: they are as they are."""
        for name in project.config.inputs:
            is_plain = "://" not in name and "+" not in name  # and no table
            path = project.configured(name) if is_plain else name
            if path in facts.tracked or self.covers(path):
                continue
            full = os.path.join(self.top, path)
            is_file = is_plain and os.path.isfile(full) and not is_outside(path)
            if is_file and self._takes(os.path.getsize(full), 1):
                self.add_paths([path], Source.DECLARED)
            else:
                self._gap(path, "declared as an input; it is neither in the commit nor small")

    def _add_pointer(self, pointer: "Pointer") -> None:
        from repro.data.pointers import MD5

        path, value = pointer.path, pointer.hash
        if self.covers(path):
            return
        if value is None:
            self._gap(path, f"{pointer.pointer_path} names no MD5 for it", fix="dvc commit")
        elif is_outside(path) or check_path(path, Place.STORE) is not None:
            self._gap(path, "DVC tracks it outside the working tree; it is not looked at")
        elif self._is_small(pointer) and self._take_matching(pointer):
            return
        elif pointer.hash_name != MD5:
            self._gap(path, f"known to DVC by {pointer.hash_name} alone, and not small")
        else:
            self.entries[path] = self._named(pointer, value)

    def _is_small(self, pointer: "Pointer") -> bool:
        full = os.path.join(self.top, pointer.path)
        if pointer.size_bytes is None or not os.path.exists(full):
            return False
        # What lies there may be something else than DVC's file says, and larger.
        if os.path.isfile(full) and os.path.getsize(full) != pointer.size_bytes:
            return False
        return self._takes(pointer.size_bytes, pointer.n_files or 1)

    def _takes(self, n_bytes: int, n_files: int) -> bool:
        if n_bytes > self._left_bytes or n_files > self._left_files:
            return False
        self._left_bytes -= n_bytes
        self._left_files -= n_files
        return True

    def _take_matching(self, pointer: "Pointer") -> bool:
        """Takes what lies at its path, if that is what DVC's file names."""
        n_gaps = len(self.gaps)
        super()._add_pointer(pointer)
        entry = self.entries.get(pointer.path)
        if entry is not None and entry.matches_pointer:
            return True
        self.entries.pop(pointer.path, None)
        del self.gaps[n_gaps:]
        return False

    def _named(self, pointer: "Pointer", value: str) -> DataEntry:
        """Returns the entry for what DVC's file names, wherever its bytes are."""
        place = Place.STORE if self.warehouse.store.has(value) else Place.NOWHERE
        if place is Place.NOWHERE:
            rule = self.warehouse.rule_of(pointer.path)
            if rule.keep is Keep.NEVER:
                self._gap(pointer.path, *self.warehouse.reason_of(rule, pointer.path))
            else:
                self._gap(pointer.path, self._why_nowhere(value))
        return DataEntry(
            path=pointer.path,
            hash=value,
            size_bytes=pointer.size_bytes or 0,
            n_files=pointer.n_files or 1,
            source=Source.DVC,
            pointer=pointer.pointer_path,
            place=place,
        )

    def _why_nowhere(self, value: str) -> str:
        from repro.data.store import object_path

        if any(os.path.exists(object_path(root, value)) for root in self.warehouse.also):
            return "in DVC's cache only: nothing large is stored while a commit is made"
        return "known by hash alone: its bytes are not here, or were not looked at"

    def _gap(self, path: str, reason: str, fix: str = _RECORD) -> None:
        self.gaps.append(Gap(GapKind.DATA, path, reason, fix))
