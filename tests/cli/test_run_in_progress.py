"""What `repro ls` and `repro show` say of a run in progress."""

import json
from pathlib import Path

from repro.model.ids import short_id
from tests.cli.in_progress import in_progress
from tests.repos import Scratch


def test_the_listing_has_its_params_tags_and_last_metrics(repo: Scratch, tmp_path: Path) -> None:
    with in_progress(repo, tmp_path / "run") as run:
        run.tell(
            "writer.event('p', {'lr': 0.5, 'model': {'depth': 3}, 'api_key': 'hunter2hunter2'})"
        )
        run.tell("writer.event('t', {'stage': 'try'})")
        run.log("loss", 3.0, 2.0, 1.0)
        run.tell("writer.metric('acc', float('nan'))")
        (shown,) = json.loads(repo.run_cli("ls", "--json").stdout)
        assert shown["status"] == "running"
        assert (shown["params"]["lr"], shown["params"]["model.depth"]) == (0.5, 3)
        assert "hunter2" not in shown["params"]["api_key"]
        assert shown["tags"] == {"stage": "try"}
        assert shown["metrics"] == {"loss": 1.0, "acc": "nan"}
        found = json.loads(repo.run_cli("ls", "--json", "metrics.loss < 2").stdout)
        assert [one["id"] for one in found] == [run.live.id]
        assert run.end() == 0


def test_it_is_shown_under_the_name_that_it_gives_itself(repo: Scratch, tmp_path: Path) -> None:
    with in_progress(repo, tmp_path / "run") as run:
        run.tell("writer.event('n', {'name': 'loud-harbor', 'message': 'try it'})")
        page = repo.run_cli("show", "loud-harbor").stdout
        assert page.startswith(f"loud-harbor  {run.letters}  running for ")
        assert "\ntry it\n" in page


def test_the_page_has_curves_and_the_last_lines_printed(repo: Scratch, tmp_path: Path) -> None:
    with in_progress(repo, tmp_path / "run") as run:
        run.log("loss", 3.0, 2.0, 1.0)
        run.tell(r"print('\x1b[32mepoch 1\x1b[0m\n 1%\r99%', flush=True)")
        for text in (
            repo.run_cli("show", run.letters).stdout,
            repo.run_cli("show", "quiet-harbor", env={"FORCE_COLOR": "1", "NO_COLOR": "1"}).stdout,
        ):
            assert "loss  1  step 2  █▅▁" in text
            assert "output       epoch 1\n             99%\n" in text
        shown = json.loads(repo.run_cli("show", "--json", run.letters).stdout)
        assert [value for _, _, value in shown["history"]["loss"]] == [3.0, 2.0, 1.0]
        assert (shown["status"], shown["has_output"]) == ("running", True)
        assert repo.run_cli("show", "--log", run.letters).stdout.endswith("99%\n")


def test_what_a_run_in_progress_is_called_names_it_when_it_has_ended(
    repo: Scratch, tmp_path: Path
) -> None:
    with in_progress(repo, tmp_path / "run") as run:
        letters = short_id(run.live.id)
        assert run.end() == 0
        assert repo.run_cli("show", letters).stdout.startswith(f"quiet-harbor  {letters}  finished")
