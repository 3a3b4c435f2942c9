"""prepare-commit-msg, for those who ask for it: says in the message which run a commit is.

git's own ``interpret-trailers`` writes it, which knows comments, the diff below the scissors and
other trailers. An empty message stays empty, since to leave it so is how people give a commit up:
there the line is offered as a comment.
"""

import os
from collections.abc import Sequence
from typing import NamedTuple

from repro.git.repository import Repository
from repro.git.snapshot import temporary_index
from repro.hooks.call import Answer, HookCall
from repro.hooks.rebasing import rebase_under_way
from repro.hooks.watched import is_settings, read_watched
from repro.model.ids import Oid, RunId

__all__ = ["add_trailer"]

_TRAILER = "Repro-Run"
_SCISSORS = " ------------------------ >8 ------------------------"
_NO_EDITOR = ":"
"""git's name for it, when the message is not to be edited."""
_COMMENT_CHARS = "#;@!$%^&|:"
"""Of these git takes one where ``core.commentChar`` is auto."""
_KEEPING = frozenset({"verbatim", "whitespace", "scissors"})
"""Values of ``commit.cleanup`` with which comments stay in the message."""
_NOBODY = {
    f"GIT_{role}_{part}": value
    for role in ("AUTHOR", "COMMITTER")
    for part, value in (("NAME", "repro"), ("EMAIL", "repro"), ("DATE", "@0 +0000"))
}


def add_trailer(call: HookCall) -> Answer:
    """Adds ``Repro-Run: <id>`` to the message of a commit that a run already is.

    A run is it when its tree is the commit's but for what the run made; or, of the newest run, when
    it has the metrics that the commit brings. Merges and the steps of a rebase are left alone, and
    so is a message that names the run.

    Raises:
        GitError: git could not read the index or write the message.
        OSError: The message cannot be read or written.
    """
    env = call.around.env
    source = call.args[1] if len(call.args) > 1 else env.get("PRE_COMMIT_COMMIT_MSG_SOURCE", "")
    if not call.args or source == "merge" or rebase_under_way(call.repo) is not None:
        return Answer()
    run = _run_to_be(call)
    if run is not None:
        path = os.path.join(call.repo.top, call.args[0])
        is_edited = env.get("GIT_EDITOR") != _NO_EDITOR
        # One who leaves a template as it is gives the commit up.
        _write(call.repo, path, run, is_edited=is_edited, is_empty=source == "template")
    return Answer()


def _run_to_be(call: HookCall) -> RunId | None:
    """Returns the newest run that the commit is, None when there is none."""
    repo = call.repo
    named = call.around.env.get("GIT_INDEX_FILE")
    # `git commit FILE` and `git commit -a` commit another index than the user's.
    with temporary_index(repo, os.path.join(repo.top, named) if named else None) as index:
        result = repo.start("write-tree", index=index).result()
    if result.code != 0:  # it has conflicts: git will say so
        return None
    tree = result.out.decode("ascii").strip()
    if tree == repo.head_tree:
        return None
    parents = ("-p", repo.head) if repo.head is not None else ()
    # The same for the same tree, and no ref names it: git removes it in time.
    written = repo.git("commit-tree", tree, *parents, stdin=b"\n", env=_NOBODY)
    commit = Oid(written.decode("ascii").strip())
    args = ("diff-tree", "--no-commit-id", "-r", "--root", "--name-only", "-z", commit)
    out = repo.git(*args, "--", *read_watched(repo))
    changed = [path for path in map(os.fsdecode, out.split(b"\0")[:-1]) if not is_settings(path)]
    return _newest_of(repo, commit, changed) if changed else None


def _newest_of(repo: Repository, commit: Oid, changed: Sequence[str]) -> RunId | None:
    from repro.git.objects import list_rows, read_objects
    from repro.hooks.places import places_of
    from repro.lineage.held import candidates_for, has_metrics, held_runs
    from repro.model.values import flatten
    from repro.record.committed import metrics_of, parse_header, read_committed
    from repro.record.tree_facts import TreeFiles
    from repro.store.listing import list_runs

    header = parse_header(commit, read_objects(repo, [commit])[0] or b"")
    files = TreeFiles(repo, list_rows(repo, commit))
    newest = list_runs(repo, newest=1)
    found: list[RunId] = []
    for place in places_of(files, changed):
        committed = read_committed(repo, header, files, place)
        brought = metrics_of(committed, files, changed).summary
        wanted = {name: metric.value for name, metric in brought.items()}
        # The newest may be it wherever it began: before there was a commit, say.
        runs = [*newest, *candidates_for(repo, header.parents, metrics=committed.values)]
        runs = [run for run in runs if has_metrics(run, wanted)]
        params = flatten(committed.params)
        found += held_runs(repo, commit, runs, params=params, metrics=committed.values)
        found += [run.id for run in newest if wanted and has_metrics(run, wanted)]
    return max(found, default=None)


class _Settings(NamedTuple):
    """What git is told of messages.

    Attributes:
        comment: What comments begin with; "auto" where git chooses.
        cleanup: What it does to a message once it is written.
    """

    comment: str
    cleanup: str


def _settings(repo: Repository) -> _Settings:
    pattern = r"^(core\.comment(char|string)|commit\.cleanup)$"
    out = repo.start("config", "--null", "--get-regexp", pattern).result().out
    rows = (row.partition("\n") for row in out.decode("utf-8", "replace").split("\0") if row)
    known = {key: value for key, _, value in rows}
    comment = known.get("core.commentstring") or known.get("core.commentchar") or "#"
    return _Settings(comment, known.get("commit.cleanup", "default"))


def _write(repo: Repository, path: str, run: RunId, *, is_edited: bool, is_empty: bool) -> None:
    """Writes the trailer into a message.

    Args:
        repo: The repository.
        path: The message.
        run: The run.
        is_edited: Whether an editor opens it now.
        is_empty: Whether the message, as it stands, is none: a template, that is.
    """
    with open(path, "rb") as file:
        raw = file.read()
    has_crlf = b"\r\n" in raw and raw.count(b"\r\n") == raw.count(b"\n")
    text = raw.decode("utf-8", "surrogateescape")
    text = text.replace("\r\n", "\n") if has_crlf else text
    if f"{_TRAILER}: {run}" in text:
        return
    comment, cleanup = _settings(repo)
    if not is_edited:
        # What looks like a comment is none then, and stays in the message.
        comment = next(char for char in f"{_COMMENT_CHARS}~" if f"\n{char}" not in f"\n{text}")
    elif comment == "auto":
        comment = _comment_in(text)
    if is_empty or not _body(text, comment):
        if not is_edited or cleanup in _KEEPING:
            return
        text = _with_offer(text, run, comment)
    else:
        text = _with_trailer(repo, text, run, comment)
    text = text.replace("\n", "\r\n") if has_crlf else text
    temporary = f"{path}.repro"
    with open(temporary, "wb") as file:
        file.write(text.encode("utf-8", "surrogateescape"))
    os.replace(temporary, path)


def _with_trailer(repo: Repository, text: str, run: RunId, comment: str) -> str:
    args = ("interpret-trailers", "--no-divider", "--if-exists=addIfDifferent")
    settings = ("-c", f"core.commentChar={comment}")
    # A last line without an end would be taken for the trailer's.
    told = (text if text.endswith("\n") else f"{text}\n").encode("utf-8", "surrogateescape")
    out = repo.git(*settings, *args, f"--trailer={_TRAILER}: {run}", stdin=told)
    return out.decode("utf-8", "surrogateescape")


def _comment_in(text: str) -> str:
    """Returns what the comments at the end of a message begin with, as git chose it."""
    lines = [line for line in text.partition(_SCISSORS)[0].splitlines() if line]
    last = lines[-1][0] if lines else "#"
    return last if last in _COMMENT_CHARS else "#"


def _body(text: str, comment: str) -> str:
    """Returns what a message says above the scissors and beside comments."""
    above = text.partition(f"{comment}{_SCISSORS}")[0]
    lines = (line for line in above.splitlines() if not line.startswith(comment))
    return "".join(lines).strip()


def _with_offer(text: str, run: RunId, comment: str) -> str:
    """Returns a message with the trailer for people to uncomment, before git's own comments."""
    lines = text.splitlines()
    end = next((i for i, line in enumerate(lines) if line.endswith(_SCISSORS)), len(lines))
    said = [i for i in range(end) if lines[i].strip() and not lines[i].startswith(comment)]
    start = said[-1] + 1 if said else 0
    offer = (
        f"{comment} To say which run this is, uncomment the next line:",
        f"{comment} {_TRAILER}: {run}",
        comment,
    )
    rest = lines[start:]
    while rest and not rest[0].strip():
        rest.pop(0)
    # Without the empty line between, the trailer would be part of the subject.
    return "\n".join((*(lines[:start] or [""]), "", *offer, *rest, ""))
