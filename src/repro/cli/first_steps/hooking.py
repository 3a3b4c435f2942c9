"""The offer to install git's hooks, and the lines for a team that has pre-commit."""

import json
from collections.abc import Iterator, Sequence

from repro import __version__
from repro.cli.first_steps.found import Found
from repro.cli.first_steps.offer import Offer
from repro.cli.views.hooks import advice_of, by_hand
from repro.git.repository import Repository
from repro.hooks.call import HookName
from repro.hooks.callers import PRE_COMMIT_FILE
from repro.hooks.install import Installed, Report, install
from repro.hooks.manifest import Way

__all__ = ["offer_hooks", "pre_commit_lines"]

_WHAT = (
    "Git hooks record a commit that changes params, metrics or data as a run, keep",
    "runs attached through amend and rebase, and push them along with `git push`.",
)
_IN_PRE_COMMIT = ("repro-record", "repro-relink", "repro-push", "repro-check")
_TYPES = (HookName.POST_COMMIT, HookName.POST_REWRITE, HookName.PRE_PUSH)


def offer_hooks(found: Found) -> Offer | None:
    """Returns the offer to install hooks; None where they are, or the team has another way."""
    if found.hooks.is_installed or found.managers.has_ours_in_pre_commit:
        return None

    def do() -> Sequence[str]:
        return tuple(_said(found.repo, install(found.repo)))

    return Offer(what=_WHAT, question="install them", undo="repro hooks uninstall", do=do)


def _said(repo: Repository, report: Report) -> Iterator[str]:
    done = [row for row in report.hooks if row.way is not Way.BY_HAND]
    if done:
        in_config = all(row.way is Way.CONFIG for row in done)
        where = " in git's configuration" if in_config else ""
        yield f"installed{where}: {', '.join(row.name for row in done)}"
    for row in done:
        if row.way is Way.CHAINED:
            yield f"{row.name} first calls the hook that was there{_of(row)}"
    yield from report.remarks
    to_paste = (*by_hand(repo, report.place, report.hooks), *advice_of(report.hooks))
    for heading, text in to_paste:
        yield heading
        yield from (f"  {line}" for line in text.splitlines())


def _of(row: Installed) -> str:
    return f", {row.other}'s" if row.other else ""


def pre_commit_lines(found: Found) -> Iterator[str]:
    """Yields what to paste for a team that has pre-commit, or prek; nothing with hooks there."""
    managers = found.managers
    if not managers.has_pre_commit or found.hooks.is_installed:
        return
    types = " ".join(f"-t {name}" for name in _TYPES)
    if managers.has_ours_in_pre_commit:
        yield ""
        yield f"{PRE_COMMIT_FILE} has repro's hooks; for this clone, type:"
        yield f"  pre-commit install {types}"
        return
    ids = ", ".join(f"{{id: {name}}}" for name in _IN_PRE_COMMIT)
    yield ""
    yield f"For everyone who uses pre-commit here, instead: paste into {PRE_COMMIT_FILE}"
    yield f"  - repo: {_own_address() or 'URL of the repository of repro'}"
    yield f"    rev: v{__version__}"
    yield f"    hooks: [{ids}]"
    yield f"  and type: pre-commit install {types}"


def _own_address() -> str:
    """Returns where repro was installed from, if that is a repository that others can reach."""
    from importlib.metadata import PackageNotFoundError, distribution

    try:
        text = distribution("repro-git").read_text("direct_url.json")
        value = json.loads(text or "{}")
    except (PackageNotFoundError, ValueError):
        return ""
    is_shared = isinstance(value, dict) and "vcs_info" in value
    return str(value.get("url", "")) if is_shared else ""
