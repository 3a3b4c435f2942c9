"""``repro env diff``: what differs between the environments of two runs."""

import click

from repro.cli.console import current_console
from repro.cli.run_argument import RUN
from repro.cli.runs import find_run, open_runs

__all__ = ["command"]


@click.command("diff", short_help="Compare the environments of two runs")
@click.argument("a", type=RUN)
@click.argument("b", type=RUN, default="@")
@click.option(
    "--exit-code",
    "exit_code",
    is_flag=True,
    help="Exit with 1 when interpreter, packages, variables or platform differ.",
)
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
@click.pass_context
def command(context: click.Context, a: str, b: str, *, exit_code: bool, as_json: bool) -> None:
    """Compare the environment of run A with that of run B (the newest).

    Interpreter, packages, variables and platform make an environment; hardware and what the process
    said of itself at run time are shown beside them.
    """
    from repro.compare.environment import compare_environments

    console = current_console()
    repo = open_runs()
    (first, old), (second, new) = find_run(repo, a), find_run(repo, b)
    difference = compare_environments(old.environment, new.environment)
    is_same = difference.is_same and difference.n_observed == 2
    if as_json:
        from repro.compare.diff_json import environment_to_json

        ends = {
            "a": first.id,
            "b": second.id,
            "observed": [old.environment is not None, new.environment is not None],
            "same": is_same,
        }
        console.json(ends | environment_to_json(difference))
    else:
        from repro.cli.views.difference import run_pair
        from repro.cli.views.environment_difference import page

        console.show(page(run_pair(first, second), difference))
    if exit_code and not is_same:
        context.exit(1)
