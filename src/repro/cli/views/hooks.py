"""What is said of hooks: what each does, where it was put, and what is left for the user to do."""

import os
from collections.abc import Iterable

from repro.git.repository import Repository
from repro.hooks.call import HookName
from repro.hooks.install import Installed, Report
from repro.hooks.manifest import Way
from repro.hooks.script import ASIDE, line_to_add
from repro.hooks.slots import Place
from repro.hooks.status import HookState

__all__ = ["DOES", "advice_of", "by_hand", "report_lines", "way_text"]

DOES = {
    HookName.POST_COMMIT: "records a commit that touches params, metrics or data",
    HookName.POST_REWRITE: "keeps runs attached through amend, rebase and squash",
    HookName.POST_MERGE: "tells when data no longer matches",
    HookName.POST_CHECKOUT: "tells when data no longer matches",
    HookName.PRE_PUSH: "pushes the runs of the commits that are pushed",
    HookName.PREPARE_COMMIT_MSG: "adds a Repro-Run: trailer to the message",
    HookName.PRE_COMMIT: "checks metrics without a run, secrets and large files",
}
_NAME_WIDTH = 20


def report_lines(repo: Repository, report: Report) -> list[str]:
    """Returns what an installation did, a line each, for people."""
    lines = []
    done = [row for row in report.hooks if row.way is not Way.BY_HAND]
    if done:
        lines.append("installed:")
        lines += [f"  {row.name:<{_NAME_WIDTH}}{DOES[row.name]}{_beside(row)}" for row in done]
    if report.with_notes:
        lines.append("git carries the notes of runs through amend, rebase and squash")
    lines += report.remarks
    lines += _where(repo, report)
    if done:
        lines.append("once without them: REPRO_HOOKS=0 git ...; to undo: repro hooks uninstall")
    return lines


def _beside(row: Installed) -> str:
    other = row.other or "the hook that was there"
    match row.way:
        case Way.CHAINED:
            return f" (after {other}, which is {row.name}{ASIDE} now)"
        case Way.CALLED:
            return f" (called by {other})"
        case Way.CONFIG:
            return " (called by git's configuration)"
        case Way.FILE | Way.BY_HAND:
            return ""


def _where(repo: Repository, report: Report) -> list[str]:
    if any(row.way is Way.CONFIG for row in report.hooks):
        return ["git 2.54 and later reads them from its configuration; an older git ignores them"]
    if any(row.way in (Way.FILE, Way.CHAINED, Way.CALLED) for row in report.hooks):
        return [f"they are in {_shown(repo, report.place.own)}, for all working trees"]
    return []


def _shown(repo: Repository, path: str) -> str:
    return os.path.relpath(path, repo.top) if path.startswith(f"{repo.top}/") else path


def by_hand(repo: Repository, place: Place, rows: Iterable[Installed]) -> list[tuple[str, str]]:
    """Returns what the user must add, and where: pairs of a heading and a text to paste."""
    rows = [row for row in rows if row.way is Way.BY_HAND]
    if rows and not place.is_own and os.path.realpath(place.directory) == os.devnull:
        return [(f"git calls no hooks: core.hooksPath is {place.setting}", "")]
    lefthook = [row for row in rows if row.other == "lefthook"]
    found = []
    for row in rows:
        if row.other == "lefthook":
            continue
        if place.manager == "husky" and not place.is_own:
            where = f".husky/{row.name}"
        else:
            where = _shown(repo, f"{place.directory}/{row.name}")
        found.append((f"add to {where}:", f"{line_to_add(row.name)}\n"))
    if lefthook:
        found.append(("add to lefthook.yml:", "".join(map(_for_lefthook, lefthook))))
    return found


def advice_of(rows: Iterable[Installed]) -> list[tuple[str, str]]:
    """Returns what keeps hooks that work now from being overwritten, to paste likewise."""
    held = [row for row in rows if row.way is Way.CHAINED and row.other == "lefthook"]
    if not held:
        return []
    heading = "lefthook writes its hooks anew now and then; add to lefthook.yml to stay:"
    return [(heading, "".join(map(_for_lefthook, held)))]


def _for_lefthook(row: Installed) -> str:
    command = line_to_add(row.name, "{0}")
    return f"{row.name}:\n  commands:\n    repro:\n      run: '{command}'\n      use_stdin: true\n"


def way_text(state: HookState) -> str:
    """Returns how a hook is installed, in a few words."""
    match state.way:
        case None:
            return "not installed"
        case Way.FILE:
            return "installed"
        case Way.CHAINED:
            return f"installed, after {state.other or 'the hook that was there'}"
        case Way.CALLED:
            return f"called by {state.other}"
        case Way.CONFIG:
            return "called by git's configuration"
        case Way.BY_HAND:
            return "to be called by another program"
