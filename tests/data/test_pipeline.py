"""Pipelines: what repro needs of ``dvc.yaml``."""

from repro.data.pipeline import Pipeline, parse_pipeline

EMPTY = Pipeline({}, (), (), frozenset())


def parse(content: str, path: str = "dvc.yaml") -> Pipeline:
    return parse_pipeline(path, content.encode())


def test_an_empty_file_declares_nothing() -> None:
    assert parse("") == EMPTY


def test_what_stands_at_the_top_is_read() -> None:
    found = parse(
        "params: [conf.toml]\n"
        "metrics:\n- m.json\n- n.yaml: {cache: false}\n"
        "plots:\n- loss.csv\n- curves:\n    y:\n      a.csv: [x]\n      b.csv: y\n"
    )
    assert found == Pipeline(
        {"conf.toml": ()}, ("m.json", "n.yaml"), ("loss.csv", "a.csv", "b.csv"), frozenset()
    )


def test_a_single_name_at_the_top_counts_as_a_list() -> None:
    assert parse("metrics: m.json\nparams: p.yaml\n").metrics == ("m.json",)


def test_plots_as_a_mapping_are_read() -> None:
    assert parse("plots:\n  loss.csv:\n    x: step\n").plots == ("loss.csv",)


def test_what_stages_declare_is_read() -> None:
    found = parse(
        "stages:\n"
        "  train:\n"
        "    cmd: x\n"
        "    params: [lr, model.depth, other.json: [a, b], all.toml: null]\n"
        "    metrics: [m.json: {cache: false}]\n"
        "    plots: [p.csv]\n"
        "    outs: [model.pkl, log.txt: {cache: false, persist: true}]\n"
    )
    assert found == Pipeline(
        {"params.yaml": ("lr", "model.depth"), "other.json": ("a", "b"), "all.toml": ()},
        ("m.json",),
        ("p.csv",),
        frozenset({"m.json", "log.txt"}),
    )


def test_a_file_wanted_whole_once_is_wanted_whole() -> None:
    stages = "stages:\n  a: {params: [lr]}\n  b: {params: [params.yaml: ]}\n  c: {params: [x]}\n"
    assert parse(stages).params == {"params.yaml": ()}


def test_paths_count_from_the_file_and_its_stages_directory() -> None:
    found = parse("stages:\n  a: {wdir: sub, metrics: [m.json]}\nmetrics: [n.json]", "p/dvc.yaml")
    assert found.metrics == ("p/n.json", "p/sub/m.json")


def test_foreach_over_a_list_is_expanded() -> None:
    found = parse("stages:\n  a:\n    foreach: [x, y]\n    do: {metrics: ['${item}/m.json']}\n")
    assert found.metrics == ("x/m.json", "y/m.json")


def test_foreach_over_mappings_is_expanded() -> None:
    found = parse(
        "stages:\n  a:\n    foreach: {k: {name: x}}\n"
        "    do: {metrics: ['${key}/${item.name}.json']}\n"
    )
    assert found.metrics == ("k/x.json",)


def test_a_path_with_a_value_that_dvc_alone_knows_is_told() -> None:
    found = parse("stages:\n  a: {metrics: ['${out}/m.json']}\n")
    assert (found.metrics, found.unresolved) == ((), ("${out}/m.json",))


def test_merge_keys_are_applied() -> None:
    found = parse("x: &x {metrics: [m.json]}\nstages:\n  a: {<<: *x, cmd: y}\n")
    assert found.metrics == ("m.json",)
