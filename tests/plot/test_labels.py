"""What runs are called in a legend."""

from repro.model.ids import RunId
from repro.model.summary import Summary
from repro.model.values import Value
from repro.plot.labels import run_labels
from tests.compare.samples import summary


def run(name: str, **params: Value) -> Summary:
    return summary(name=name, params=params)


def test_one_run_has_its_name() -> None:
    assert run_labels([run("calm-otter", lr=0.1)], ["lr"]) == ["calm-otter"]


def test_several_are_called_after_what_differs() -> None:
    runs = [run("a", lr=0.1, opt="adam"), run("b", lr=0.3, opt="sgd")]

    assert run_labels(runs, ["lr", "opt"]) == ["lr=0.1 opt=adam", "lr=0.3 opt=sgd"]


def test_nested_params_are_called_by_their_last_part_where_that_is_enough() -> None:
    one = summary(params={"model.lr": 0.1, "head.lr": 1, "model.depth": 3})
    two = summary(params={"model.lr": 0.2, "head.lr": 1, "model.depth": 4})

    assert run_labels([one, two], ["model.lr", "model.depth"])[0] == "lr=0.1 depth=3"
    assert run_labels([one, two], ["model.lr", "head.lr"])[0] == "model.lr=0.1 head.lr=1"


def test_of_many_params_the_few_are_taken_that_tell_runs_apart() -> None:
    runs = [
        run("a", p=1, q=1, r=1, s=1, seed=1),
        run("b", p=1, q=1, r=2, s=1, seed=2),
        run("c", p=2, q=2, r=3, s=2, seed=3),
    ]

    assert run_labels(runs, ["p", "q", "r", "s", "seed"]) == ["r=1", "r=2", "r=3"]


def test_where_params_are_not_enough_names_come_first() -> None:
    runs = [run("a", lr=0.1), run("b", lr=0.1), run("c", lr=0.2)]

    assert run_labels(runs, ["lr"]) == ["a lr=0.1", "b lr=0.1", "c lr=0.2"]
    assert run_labels(runs[:2], []) == ["a", "b"]


def test_where_names_are_not_enough_either_letters_follow() -> None:
    runs = [
        summary(name="a", id=RunId(f"20260131T080000-{letter * 8}"), params={}) for letter in "kl"
    ]

    assert run_labels(runs, []) == ["a kkkkkkkk", "a llllllll"]


def test_values_are_short() -> None:
    runs = [run("a", x=[1, 2], t=1e-5, s="w" * 90, n=None), run("b", x="", t=True, s=" ", n=1)]

    assert run_labels(runs, ["x", "t"]) == ["x=[1,2] t=1e-05", 'x="" t=true']
    assert run_labels(runs, ["s", "n"]) == [f"s={'w' * 23}… n=null", 's=" " n=1']


def test_a_param_that_a_run_lacks_is_a_dash() -> None:
    assert run_labels([run("a", lr=1), run("b")], ["lr"]) == ["lr=1", "lr=–"]
