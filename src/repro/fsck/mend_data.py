"""Brings objects of the store back: from DVC's caches, the working tree, and DVC's remotes."""

import os
from collections.abc import Iterable, Iterator

from repro.data.locate import ensure
from repro.data.manifest import ManifestError
from repro.data.store import InvalidHashError, ObjectStore
from repro.fsck.check import Findings
from repro.fsck.problem import Kind, Problem, counted
from repro.fsck.quarantine import Quarantine
from repro.fsck.state import SIDECARS
from repro.git.repository import Repository

__all__ = ["mend_data", "mend_state"]


def mend_data(repo: Repository, findings: Findings, quarantine: Quarantine) -> Iterator[str]:
    """Takes damaged objects away and brings whole ones from wherever they are.

    Yields:
        What was done.
    """
    problems = [x for x in findings.report.problems if x.kind is Kind.DATA and not x.is_note]
    n_links = 0
    for problem in problems:
        if problem.at and os.path.lexists(problem.at):
            n_links += os.lstat(problem.at).st_nlink > 1
            if quarantine.take(problem.at, why=problem.reason):
                yield f"moved the damaged object {problem.names[0]} into quarantine"
    if n_links:
        yield (
            f"{counted(n_links, 'object')} of them had links elsewhere, such as in DVC's cache, "
            "where the bytes are damaged too: dvc fetch"
        )
    wanted = {run for problem in problems for run in problem.runs}
    hashes = [hash for hash, runs in findings.records.needs.items() if wanted.intersection(runs)]
    entries = [entry for (_, hash), entry in findings.records.entries.items() if hash in hashes]
    if not entries:
        return
    store = ObjectStore(f"{repo.state_dir}/store")
    before = {problem.names[0] for problem in problems if problem.names}
    try:
        missing = ensure(entries, store=store, top=repo.top)
    except (InvalidHashError, ManifestError) as error:
        yield f"could not bring data back: {error.message}"
        return
    brought = [hash for hash in before if store.has(hash)]
    if brought:
        yield f"brought {counted(len(brought), 'object')} of data back"
    for item in missing:
        yield f"{item.path} ({item.hash}) was not found in: {', '.join(item.looked_in)}"


def mend_state(
    repo: Repository, problems: Iterable[Problem], quarantine: Quarantine
) -> Iterator[str]:
    """Takes away what is made anew when it is gone.

    Yields:
        What was done.
    """
    for problem in problems:
        if problem.kind is Kind.INDEX:
            for path in (problem.at, *(problem.at + suffix for suffix in SIDECARS)):
                if os.path.lexists(path):
                    os.unlink(path)
            yield f"deleted {problem.subject}, which is made anew from git"
        elif problem.kind is Kind.STATE and problem.at:
            quarantine.take(problem.at, why=problem.reason)
            yield f"moved {os.path.relpath(problem.at, repo.common_dir)} into quarantine"
