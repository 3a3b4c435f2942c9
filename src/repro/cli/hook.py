"""What git's hooks call: ``repro hooks run NAME``, apart from click and quick.

Whatever happens here, the user's commit, rebase or push goes on: a failure is one line on stderr.
"""

import os
import signal
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import assert_never

from repro.errors import ReproError
from repro.git.identity import ASK_IDENTITY, identity_in
from repro.git.repository import BareRepositoryError, Opening, wait_for_locks
from repro.hooks.call import Answer, HookCall, HookName, is_switched_off
from repro.model.run import Host
from repro.record.surroundings import Surroundings

__all__ = ["main", "run_hook"]

_LIMITS_S = {HookName.PRE_PUSH: 30.0}
_LIMIT_S = 60.0
"""Longer than this no hook holds the user up, whatever it waits for."""
_LOCK_WAIT_S = 1.0
_FED = frozenset({HookName.PRE_PUSH, HookName.POST_REWRITE})
"""To these git writes."""


def main() -> None:
    """Is the process of a hook: runs it and ends at once."""
    code = run_hook(sys.argv[1:])
    os._exit(code)


def run_hook(words: Sequence[str]) -> int:
    """Runs a hook and returns the exit code for git: 0, unless a check refuses a commit.

    Args:
        words: The hook's name, and git's arguments.
    """
    if is_switched_off(os.environ):
        return 0
    try:
        name = HookName(words[0] if words else "")
    except ValueError:
        _say(f"there is no hook {words[0]!r} here" if words else "which hook?")
        return 0
    _watch(name)
    try:
        answer = _answer(name, words[1:])
    except KeyboardInterrupt:
        return _say_failure(name, "interrupted; what git did is done")
    except BareRepositoryError:
        # So DVC calls hooks for commits of its own: from inside of .git.
        return 0
    except ReproError as error:
        return _say_failure(name, error.message)
    except OSError as error:
        return _say_failure(name, f"{error.strerror or error}")
    except Exception as error:  # noqa: BLE001 - a bug of ours is no reason to stop a commit
        return _say_failure(name, f"a bug in repro: {type(error).__name__}: {error}")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    for line in answer.lines:
        _say(line)
    return answer.code


def _answer(name: HookName, args: Sequence[str]) -> Answer:
    wait_for_locks(_LOCK_WAIT_S)
    # git is asked while the hook itself is imported.
    opening = Opening(asking=(ASK_IDENTITY,))
    work = _work_of(name)
    identity = opening.answer(ASK_IDENTITY)
    env = _environment()
    user = env.get("USER") or env.get("LOGNAME") or str(os.getuid())
    around = Surroundings(
        env=env,
        host=Host(name=os.uname().nodename, user=user),
        author=identity_in(identity.out) if identity.code == 0 else None,
    )
    is_fed = name in _FED and sys.stdin is not None and not sys.stdin.isatty()
    stdin = sys.stdin.buffer.read() if is_fed else b""
    repo = opening.repository()
    return work(HookCall(name, tuple(args), stdin, repo, around, datetime.now(UTC)))


def _environment() -> dict[str, str]:
    from repro.cli.users_environment import users_environment

    return users_environment(os.environ)


def _work_of(name: HookName) -> Callable[[HookCall], Answer]:
    match name:
        case HookName.POST_COMMIT:
            from repro.hooks.post_commit import after_commit as work
        case HookName.POST_REWRITE:
            from repro.hooks.post_rewrite import after_rewrite as work
        case HookName.POST_MERGE:
            from repro.hooks.data_moved import after_merge as work
        case HookName.POST_CHECKOUT:
            from repro.hooks.data_moved import after_checkout as work
        case HookName.PRE_PUSH:
            from repro.hooks.pre_push import before_push as work
        case HookName.PREPARE_COMMIT_MSG:
            from repro.hooks.commit_message import add_trailer as work
        case HookName.PRE_COMMIT:
            from repro.hooks.check import check_commit as work
        case _:
            assert_never(name)
    return work


def _watch(name: HookName) -> None:
    """Sees to it that this process ends when it takes too long; what git does goes on.

    By the alarm clock, which interrupts waiting too, and costs neither a thread nor an import.
    """
    limit_s = _LIMITS_S.get(name, _LIMIT_S)

    def give_up(*_: object) -> None:
        _say_failure(name, f"it took longer than {limit_s:.0f} s, and was given up")
        os._exit(0)

    signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, limit_s)


def _say_failure(name: HookName, problem: str) -> int:
    _say(f"{name} hook: {problem}".partition("\n")[0])
    return 0


def _say(line: str) -> None:
    from repro.cli.page import clean

    try:
        sys.stderr.write(f"repro: {clean(line)}\n")
        sys.stderr.flush()
    except (AttributeError, OSError, ValueError):  # nobody listens
        return
