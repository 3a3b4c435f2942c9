"""The repository: where it lies, how it was cloned, and settings that would harm runs."""

import os
import time
from collections.abc import Iterator, Mapping, Sequence

from repro.cli.checks.check import Check, counted
from repro.data.dvc_config import cache_roots
from repro.fsck.walk import is_partial, shallow_commits
from repro.git.repository import Repository
from repro.model.ids import RUN_REFS

__all__ = ["check_place", "check_settings", "check_state"]

_MANY_REFS = 2_000
_SKEW_S = 5.0
_AT_ONCE = frozenset({"now", "all", "0", "immediate"})
_NETWORK = frozenset(
    "9p afs beegfs ceph cifs gfs2 glusterfs gpfs lustre ncpfs nfs nfs4 ocfs2 orangefs panfs pvfs2 "
    "smb2 smb3 smbfs vboxsf virtiofs wekafs".split()
)


def check_state(repo: Repository) -> Iterator[Check]:
    """Yields whether repro's directory can be written, and whether its clock is this machine's."""
    path = f"{repo.state_dir}/doctor.{os.getpid()}"
    try:
        os.makedirs(repo.state_dir, exist_ok=True)
        with open(path, "wb") as file:
            file.write(b"x" * 4096)
        written_s, now_s = os.stat(path).st_mtime, time.time()
        os.unlink(path)
    except OSError as error:
        hint = "make it writable, or free some disk space: df -h ."
        yield Check("state", False, f"{repo.state_dir}: {error.strerror}", hint)
        return
    yield Check("state", True, f"{repo.state_dir} can be written")
    yield judge_clock(written_s - now_s)


def judge_clock(ahead_s: float) -> Check:
    """Says what it means that files are stamped so much later than this machine's clock says."""
    if abs(ahead_s) <= _SKEW_S:
        return Check("clock", True, "the file system's clock and this machine's agree")
    way = "ahead of" if ahead_s > 0 else "behind"
    text = f"the file system's clock is {abs(ahead_s):,.0f} s {way} this machine's"
    reason = "files that a run changed may be taken for older ones"
    return Check("clock", False, f"{text}: {reason}", "timedatectl, here and on the file server")


def check_place(repo: Repository) -> Iterator[Check]:
    """Yields on which file systems the repository and the data lie, and what a clone left out."""
    kind = file_system_of(repo.common_dir)
    if kind in _NETWORK or kind.startswith("fuse"):
        text = f".git is on {kind}: runs are listed without an index, which is slower"
        yield Check("disk", True, text)
    yield from _links(repo)
    if shallow_commits(repo):
        text = "shallow clone: the history before its commits is not here"
        yield Check("clone", True, text, "git fetch --unshallow")
    if is_partial(repo):
        text = "partial clone: old files are fetched when a checkout needs them"
        yield Check("clone", True, text, "stay online, or: git fetch --refetch --no-filter")
    yield _hooks(repo)


def _links(repo: Repository) -> Iterator[Check]:
    store = f"{repo.state_dir}/store"
    device = os.stat(store if os.path.isdir(store) else repo.common_dir).st_dev
    for root in cache_roots(repo.top):
        if os.stat(root).st_dev != device:
            text = f"DVC's cache {root} is on another file system: its data is copied, not linked"
            yield Check("disk", True, text, "dvc cache dir --local DIR (beside .git)")
            return


def file_system_of(path: str) -> str:
    """Returns the kind of the file system that a path lies on; "" where that cannot be told."""
    best, kind = "", ""
    try:
        with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as lines:
            for line in lines:
                fields, _, rest = line.partition(" - ")
                point = fields.split(" ")[4].replace("\\040", " ")
                is_above = path == point or path.startswith(point.rstrip("/") + "/")
                if is_above and len(point) >= len(best):
                    best, kind = point, rest.split(" ")[0]
    except (OSError, IndexError):  # not Linux
        return ""
    return kind


def _hooks(repo: Repository) -> Check:
    from repro.hooks.status import read_status

    status = read_status(repo, os.environ)
    wrong = [f"{hook.name}: {problem}" for hook in status.hooks for problem in hook.problems]
    wrong += status.problems
    if wrong:
        more = f", and {len(wrong) - 1} more" if len(wrong) > 1 else ""
        return Check("hooks", False, f"{wrong[0]}{more}", "repro hooks status")
    names = {hook.name.value for hook in status.hooks if hook.way is not None}
    names |= set(_own_hooks(status.place.directory))
    if names:
        return Check("hooks", True, f"installed: {', '.join(sorted(names))}")
    return Check("hooks", True, "none installed")


def _own_hooks(directory: str) -> Iterator[str]:
    """Yields the hooks that call repro in the user's own words."""
    if not os.path.isdir(directory):
        return
    for name in os.listdir(directory):
        path = f"{directory}/{name}"
        if "." not in name and os.path.isfile(path) and _calls_repro(path):
            yield name


def _calls_repro(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            return b"repro" in file.read(65536)
    except OSError:
        return False


def check_settings(repo: Repository) -> Iterator[Check]:
    """Yields settings of git's that would lose runs or send them where they do not belong."""
    settings = _read_settings(repo)
    found = [*_pruning(settings), *_refspecs(settings), *_loose_refs(repo)]
    yield from found
    if not found:
        yield Check("settings", True, "nothing in git's configuration endangers runs")


def _read_settings(repo: Repository) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row in repo.git("config", "--list", "-z").decode("utf-8", "replace").split("\0"):
        key, _, value = row.partition("\n")
        found.setdefault(key, []).append(value)
    return found


def _pruning(settings: Mapping[str, Sequence[str]]) -> Iterator[Check]:
    value = settings.get("gc.pruneexpire", ["2.weeks.ago"])[-1]
    if value.lower() in _AT_ONCE:
        text = f"gc.pruneExpire is {value}: git gc may delete what a run is just writing"
        yield Check("settings", False, text, "git config gc.pruneExpire 2.weeks.ago")


def _refspecs(settings: Mapping[str, Sequence[str]]) -> Iterator[Check]:
    for key, values in settings.items():
        if not key.startswith("remote."):
            continue
        name, _, setting = key.removeprefix("remote.").rpartition(".")
        if setting == "mirror" and values[-1].lower() in ("true", "1", "yes", "on", ""):
            text = f"{name} is a mirror: git push deletes there the runs that are not here"
            yield Check("settings", False, text, f"git config --unset remote.{name}.mirror")
        for spec in values if setting in ("fetch", "push") else ():
            source, _, target = spec.lstrip("+").partition(":")
            if setting == "fetch" and target and _covers_runs(target):
                text = f"git fetch --prune {name} deletes runs that {name} has not: {spec}"
                unset = f"git config --fixed-value --unset remote.{name}.fetch '{spec}'"
                yield Check("settings", False, text, unset)
            if setting == "push" and _covers_runs(source):
                text = f"git push {name} pushes runs without their data: {spec}"
                unset = f"git config --fixed-value --unset remote.{name}.push '{spec}'"
                yield Check("settings", False, text, f"{unset}; repro push")


def _covers_runs(pattern: str) -> bool:
    head, star, _ = pattern.partition("*")
    return bool(star) and (RUN_REFS.startswith(head) or head.startswith(RUN_REFS))


def _loose_refs(repo: Repository) -> Iterator[Check]:
    try:
        n_refs = len(os.listdir(f"{repo.common_dir}/{RUN_REFS}"))
    except FileNotFoundError:
        return
    if n_refs > _MANY_REFS:
        text = f"{counted(n_refs, 'run')} on unpacked refs slow git down"
        yield Check("refs", True, text, "repro gc")
