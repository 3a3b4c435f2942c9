"""After an amend or a rebase: the runs of the old commits belong to the new ones as well.

git tells which commit became which; where a manager of hooks keeps that for itself (pre-commit and
prek do), git's own files of the rebase under way say the same, and HEAD's reflog for an amend.

A rebase tells once, at its end, and names the commit that it made itself. What was amended on the
way (by hand at a stop, by ``exec``) it does not know of, so that is noted in the directory that git
keeps for as long as the rebase lasts, and goes with it however it ends.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence

from repro.git.repository import Repository
from repro.hooks.call import Answer, HookCall
from repro.hooks.data_moved import lines_on_data
from repro.hooks.misplaced_notes import take_notes_back
from repro.hooks.naming import name_of, named
from repro.hooks.rebasing import AMENDED_NAME, MELTING_NAME, Rebase, rebase_under_way
from repro.lineage.belonging import attach, runs_of
from repro.model.ids import Oid, is_oid

__all__ = ["after_rewrite"]

_MELTING = frozenset({"squash", "fixup", "s", "f"})

_Row = tuple[Oid, Oid]
"""An old commit, and the new one."""


def after_rewrite(call: HookCall) -> Answer:
    """Attaches the runs of rewritten commits to what these became.

    Commits that a rebase dropped became nothing: their runs stay where they are.

    Raises:
        GitError: git could not read or write.
        RefExistsError: Other processes were quicker again and again.
        OSError: The repository cannot be written.
    """
    repo = call.repo
    kind = call.args[0] if call.args else call.around.env.get("PRE_COMMIT_REWRITE_COMMAND", "")
    rebase = rebase_under_way(repo)
    rows = parse_rows(call.stdin)
    if kind == "amend":
        rows = rows or _last_amend(repo)
        if rebase is not None:
            _note(rebase, rows)
            if rebase.has(MELTING_NAME):
                return Answer()
        return Answer(_attach(call, rows))
    if kind != "rebase" or rebase is None:
        return Answer(_attach(call, rows))
    told = rows or parse_rows(rebase.read(rebase.rewritten))
    kept = _without_dropped(told, rebase)
    if len(kept) < len(told):
        take_notes_back(repo, [row for row in told if row not in kept], kept)
    rows = kept + parse_rows(rebase.read(AMENDED_NAME))
    return Answer((*_attach(call, rows), *_on_data(repo, rebase)))


def parse_rows(text: bytes) -> list[_Row]:
    """Returns the rows ``<old> SP <new> [SP <more>]`` of a text; other lines are passed over.

    Args:
        text: As git gives it to the hook.
    """
    found = []
    for line in text.decode("ascii", "replace").splitlines():
        old, _, rest = line.partition(" ")
        new = rest.partition(" ")[0]
        if is_oid(old) and is_oid(new) and old != new:
            found.append((Oid(old), Oid(new)))
    return found


def _note(rebase: Rebase, rows: Sequence[_Row]) -> None:
    with open(f"{rebase.directory}/{AMENDED_NAME}", "a", encoding="ascii") as file:
        file.writelines(f"{old} {new}\n" for old, new in rows)


def _last_amend(repo: Repository) -> list[_Row]:
    """Returns what HEAD was a moment ago and what it is; nothing unless that was an amend."""
    asked = ("rev-list", "--no-walk=unsorted", "--parents", "HEAD@{1}", "HEAD")
    result = repo.start(*asked).result()
    rows = [line.split() for line in result.out.decode("ascii", "replace").splitlines()]
    if result.code != 0 or len(rows) != 2 or rows[0][1:] != rows[1][1:]:
        return []  # no reflog, or another command came between
    return [(Oid(rows[0][0]), Oid(rows[1][0]))]


def _without_dropped(rows: Iterable[_Row], rebase: Rebase) -> list[_Row]:
    """Leaves out the commits that were skipped, or had nothing left to change.

    Of such git says that they became what HEAD was just then: the base, or the commit before.

    Args:
        rows: What git says, in its order.
        rebase: The rebase, which knows its base and what was melted into one.
    """
    seen = {rebase.read("onto").decode("ascii", "replace").strip()}
    melted = tuple(_melted(rebase.read("done").decode("utf-8", "replace")))
    kept = []
    for old, new in rows:
        if new not in seen or (melted and old.startswith(melted)):
            kept.append((old, new))
        seen.add(new)
    return kept


def _melted(done: str) -> Iterator[str]:
    """Yields the commits, which may be abbreviated, that were melted into the one before."""
    for line in done.splitlines():
        command, *words = line.split()[:3] or [""]
        names = [word for word in words if not word.startswith("-")]
        if command in _MELTING and names:
            yield names[0]


def _attach(call: HookCall, rows: Sequence[_Row]) -> tuple[str, ...]:
    """Writes it down, and returns what there is to say."""
    repo = call.repo
    runs = runs_of(repo, {old for old, _ in rows}) if rows else {}
    if not runs:
        return ()
    became = _ends(repo, rows)
    pairs = {(new, run) for run, of in runs.items() for old in of for new in became[old]}
    n_new = attach(repo, sorted(pairs), now=call.now, author=call.around.author)
    n_runs = min(n_new, len(runs))
    if n_runs == 0:
        return ()
    said = "1 run now belongs" if n_runs == 1 else f"{n_runs:,} runs now belong"
    if len(runs) == 1:
        [run] = runs
        said = f"{named([(run, name_of(repo, run))])} now belongs"
    [first, *more] = sorted({commit for commit, _ in pairs})
    return (f"{said} to {f'{len(more) + 1:,} rewritten commits' if more else first[:8]}",)


def _on_data(repo: Repository, rebase: Rebase) -> tuple[str, ...]:
    """Returns what there is to say of data: while the rebase lasted, nothing was said."""
    start = rebase.read("orig-head").decode("ascii", "replace").strip()
    if not is_oid(start) or repo.head is None:
        return ()
    return lines_on_data(repo, Oid(start), repo.head)


def _ends(repo: Repository, rows: Sequence[_Row]) -> dict[Oid, list[Oid]]:
    """Returns what each old commit became in the end; that may have been rewritten in turn.

    There may be several, as a commit that was amended at a stop and had another put after it: git
    names the last one. Those of them that HEAD has not are gone again.
    """
    next_of: dict[Oid, dict[Oid, None]] = {}
    for old, new in rows:
        next_of.setdefault(old, {})[new] = None
    ends = {old: list(_ends_of(old, next_of)) or [*next_of[old]] for old in next_of}
    if any(len(found) > 1 for found in ends.values()):
        several = {new for found in ends.values() if len(found) > 1 for new in found}
        there = _in_head(repo, several)
        ends = {old: [x for x in found if x in there] or found for old, found in ends.items()}
    return ends


def _ends_of(start: Oid, next_of: dict[Oid, dict[Oid, None]]) -> Iterator[Oid]:
    seen = {start}
    ahead = [start]
    while ahead:
        commit = ahead.pop()
        if commit not in next_of:
            yield commit
            continue
        new = [x for x in next_of[commit] if x not in seen]
        seen.update(new)
        ahead += new


def _in_head(repo: Repository, commits: Collection[Oid]) -> frozenset[Oid]:
    """Returns which of some commits HEAD has."""
    stdin = "".join(f"{line}\n" for line in (*commits, "^HEAD")).encode("ascii")
    beyond = repo.git("rev-list", "--stdin", stdin=stdin).decode("ascii").split()
    return frozenset(commits) - {Oid(line) for line in beyond}
