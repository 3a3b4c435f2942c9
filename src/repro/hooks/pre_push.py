"""Before a push: the runs of the commits that are pushed go to the same remote.

git has no hook after a push. So they go before it, in a connection of their own; should the remote
refuse the push then, it has runs whose code is with them, and that is harmless. Their data stays
here: it may take hours. Whatever fails, the user's push goes on, and is not held up for long.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from repro.hooks.call import Answer, HookCall
from repro.hooks.pushed import (
    Asked,
    PushedRef,
    Settings,
    is_dry_run,
    new_objects_bytes,
    pushed_refs,
    start_settings,
)

if TYPE_CHECKING:
    from repro.git.remotes import GitRemote
    from repro.share.along import SentAlong, Unsent

__all__ = ["LIMIT_S", "before_push"]

LIMIT_S = 20.0
"""So long the remote may take to take the runs."""
_MAX_RUNS = 1_000
"""git takes time that grows with the square of the refs in a push."""
_MAX_BYTES = 20 << 20
"""The commits go with the runs, and then once more with the user's push."""
_SWITCH = "to leave it to you: git config repro.push off"


def before_push(call: HookCall) -> Answer:
    """Sends the runs of the commits that are about to be pushed, and says so in one line.

    Raises:
        GitError: git could not read.
        OSError: What is known of the remote cannot be written down.
    """
    pushed = pushed_refs(call)
    name, address = _where(call)
    # Not to itself; and in a git directory that lies elsewhere, another one may stand here.
    if not pushed or not name or address == "." or not _is_of(call):
        return Answer()
    started, asked = start_settings(call.repo), Asked(call.repo, pushed, name)
    # Imported while git looks.
    from repro.lineage.belonging import runs_of

    settings, commits = Settings.read(started), asked.commits()
    if settings.is_off:
        return Answer()
    if not commits and len(settings.addresses.get(name, ())) > 1:
        # Pushed to one of its addresses, they are known of all of them.
        commits = Asked(call.repo, pushed, None).commits()
    runs = runs_of(call.repo, commits)
    if not runs:
        return Answer()
    from repro.share.along import unsent

    remote = settings.remote(name, address)
    what = unsent(call.repo, remote.name, runs, going={row.ref for row in pushed})
    if not (what.runs or what.logs) or is_dry_run():
        return Answer()
    return _Sending(call, settings, remote, name).send(what, pushed)


def _where(call: HookCall) -> tuple[str, str]:
    """Returns the name and the address of the remote, as git or a manager told them."""
    if len(call.args) >= 2:
        return call.args[0], call.args[1]
    env = call.around.env
    name = env.get("PRE_COMMIT_REMOTE_NAME", "")
    return name, env.get("PRE_COMMIT_REMOTE_URL") or name


def _is_of(call: HookCall) -> bool:
    """Tells whether the repository that was found is the one that is pushed from."""
    git_dir = call.around.env.get("GIT_DIR")
    return not git_dir or os.path.realpath(git_dir) == os.path.realpath(call.repo.git_dir)


class _Sending:
    """The sending, and the words about it."""

    def __init__(self, call: HookCall, settings: Settings, remote: "GitRemote", name: str) -> None:
        self._call = call
        self._settings = settings
        self._remote = remote
        self._name = name
        self._is_named = name in settings.addresses or remote.is_named

    def send(self, what: "Unsent", pushed: list[PushedRef]) -> Answer:
        """Sends, and says what became of it."""
        from repro.git.remote_errors import RemoteError, RemoteSilentError
        from repro.share.silence import end_silence, is_left_alone, note_silence

        repo, remote, now = self._call.repo, self._remote.name, self._call.now
        if is_left_alone(repo, remote, now=now):
            return self._not_sent(what, f"{remote} did not answer the last time")
        n_bytes = new_objects_bytes(repo, [*what.runs.values()], pushed, self._name)
        if n_bytes is None or n_bytes > _MAX_BYTES:
            return self._not_sent(what, "this push is large as it is")
        newest = dict(list(what.runs.items())[-_MAX_RUNS:])
        try:
            sent = self._send(what._replace(runs=newest))
        except RemoteSilentError as error:
            note_silence(repo, remote, now=now)
            return self._not_sent(what, f"{remote} {error.problem}", beside=_SWITCH)
        except RemoteError as error:
            return self._not_sent(what, f"{remote}: {error.problem}")
        end_silence(repo, remote)
        return Answer(tuple(self._lines(sent, len(what.runs) - len(newest))))

    def _send(self, what: "Unsent") -> "SentAlong":
        from repro.git.unattended import unattended
        from repro.share.along import send_along

        quiet = unattended(
            self._call.repo,
            limit_s=LIMIT_S,
            ssh_command=self._settings.ssh_command,
            ssh_variant=self._settings.ssh_variant,
        )
        note_as = self._name if self._name in self._settings.addresses else self._remote.name
        with _ended_by_signals():
            return send_along(
                self._call.repo, self._remote, what, note_as=note_as, unattended=quiet
            )

    def _lines(self, sent: "SentAlong", n_later: int) -> list[str]:
        lines = []
        if sent.runs:
            line = f"pushed {_runs(len(sent.runs))} to {self._remote.name}"
            n_without = len(set(sent.without_data) & set(sent.runs))
            rest = []
            if n_later:
                rest.append(f"not {n_later:,} more")
            if n_without:
                which = "its data" if len(sent.runs) == 1 else f"the data of {n_without:,}"
                rest.append(f"{which} is not shared")
            lines.append("; ".join((line, *rest)) + (f": {self._command}" if rest else ""))
        if sent.refused:
            reason = next(iter(sent.refused.values()))
            lines.append(
                f"{_runs(len(sent.refused))} not pushed ({self._remote.name}: {reason}); {_SWITCH}"
            )
        return lines

    def _not_sent(self, what: "Unsent", why: str, *, beside: str = "") -> Answer:
        if not what.runs:  # words about runs alone: the next push takes them
            return Answer()
        line = f"{_runs(len(what.runs))} not pushed ({why}): {self._command}"
        return Answer((f"{line}; {beside}" if beside else line,))

    @property
    def _command(self) -> str:
        if not self._is_named:
            return f"repro push --remote {self._remote.name}"
        is_alone = len(self._settings.addresses) == 1
        return "repro push" if is_alone else f"repro push --remote {self._name}"


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Has what is started end with us: it has a session of its own, which no signal reaches."""

    def end(*_: object) -> None:
        raise KeyboardInterrupt

    before = {}
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            before[number] = signal.signal(number, end)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _runs(number: int) -> str:
    return "1 run" if number == 1 else f"{number:,} runs"
