"""What `repro run` and `repro record` share: their options, and what stands around them."""

import os
from collections.abc import Iterable

from repro.cli.early import identity_of, snapshot_of, status_of
from repro.cli.options import Option
from repro.errors import ReproError
from repro.git.repository import Opening
from repro.model.run import Host
from repro.model.values import Params, parse_scalar
from repro.record.session import Surroundings

__all__ = ["OPTIONS", "BadPairError", "params_of", "surroundings", "tags_of"]

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
    env = dict(os.environ)
    user = env.get("USER") or env.get("LOGNAME") or str(os.getuid())
    return Surroundings(
        env=env,
        host=Host(name=os.uname().nodename, user=user),
        author=identity_of(opening),
        snapshot=snapshot_of(opening),
        status=status_of(opening),
    )
