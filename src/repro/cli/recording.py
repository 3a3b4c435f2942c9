"""What `repro run` and `repro record` share: their options, and what stands around them."""

import os
from collections.abc import Iterable, Sequence

from repro.cli.early import asked, identity_of, snapshot_of, status_of
from repro.cli.options import Option, Values
from repro.cli.users_environment import users_environment
from repro.errors import ReproError
from repro.git.repository import Opening, Repository
from repro.model.run import Host
from repro.model.values import Params, parse_scalar
from repro.record.recover import recover_dead_runs
from repro.record.request import Request, Surroundings

__all__ = [
    "OPTIONS",
    "BadPairError",
    "params_of",
    "prepare",
    "request_of",
    "surroundings",
    "tags_of",
]

OPTIONS = (
    Option("quiet", ("-q", "--quiet"), "Print nothing of repro's own.", is_flag=True),
    Option("name", ("-n", "--name"), "Name of the run; a random one by default."),
    Option("message", ("-m", "--message"), "What the run is about."),
    Option("params", ("--param",), "A param.", is_repeatable=True, metavar="K=V"),
    Option("tags", ("--tag",), "A label, or LABEL=VALUE.", is_repeatable=True, metavar="TAG"),
)
"""The options that both commands have."""


class BadPairError(ReproError):
    """An option whose value is not of the form that it needs."""


def params_of(texts: Iterable[str]) -> Params:
    """Returns ``--param`` options as params; what looks like a number or a bool is one.

    Raises:
        BadPairError: One is not of the form NAME=VALUE.
    """
    params: Params = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise BadPairError(f"not of the form NAME=VALUE: {text}", hint="--param lr=0.1")
        params[name] = parse_scalar(value)
    return params


def tags_of(texts: Iterable[str]) -> dict[str, str]:
    """Returns ``--tag`` options as tags; one without a value has the value "".

    Raises:
        BadPairError: One has no name.
    """
    tags: dict[str, str] = {}
    for text in texts:
        name, _, value = text.partition("=")
        if not name:
            raise BadPairError(f"a tag without a name: {text!r}", hint="--tag baseline")
        tags[name] = value
    return tags


def surroundings(opening: Opening) -> Surroundings:
    """Reads what stands around this process."""
    env = users_environment(os.environ)
    user = env.get("USER") or env.get("LOGNAME") or str(os.getuid())
    return Surroundings(
        env=env,
        host=Host(name=os.uname().nodename, user=user),
        author=identity_of(opening),
        snapshot=snapshot_of(opening),
        status=status_of(opening),
    )


def prepare(*, quiet: bool) -> tuple[Repository, Surroundings]:
    """Opens the repository, and first records the runs whose recorder died.

    Raises:
        NotARepositoryError: There is none here.
        BareRepositoryError: It has no working tree.
    """
    opening = asked()
    repo = opening.repository()
    around = surroundings(opening)
    recovered, failures = recover_dead_runs(repo, home=around.home)
    if recovered or failures:
        from repro.cli.outcome import print_recovered

        print_recovered(recovered, failures, quiet=quiet)
    return repo, around


def request_of(values: Values, command: Sequence[str]) -> Request:
    """Returns what the options that both commands have ask for.

    Raises:
        BadPairError: A param or tag is malformed.
    """
    return Request(
        command=tuple(command),
        name=values["name"],
        message=values["message"] or "",
        params=params_of(values["params"]),
        tags=tags_of(values["tags"]),
    )
