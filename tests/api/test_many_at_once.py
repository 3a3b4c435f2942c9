"""Threads, tasks and processes that log at the same time: all is there, and nothing twice."""

import sys

import pytest

from tests.api.programs import curve, runs, shown, train
from tests.repos import Scratch

N_POINTS = 10_000


def test_threads_log_to_one_run(repo: Scratch) -> None:
    train(
        repo,
        "import threading\n"
        "def log(k):\n"
        f"    for step in range({N_POINTS}): repro.log_metric(f'loss{{k}}', step / 7, step=step)\n"
        "with repro.start_run():\n"
        "    threads = [threading.Thread(target=log, args=(k,)) for k in range(8)]\n"
        "    for thread in threads: thread.start()\n"
        "    for thread in threads: thread.join()",
    )
    for k in range(8):
        found = curve(repo, f"loss{k}")
        assert found == [(step, repr(step / 7)) for step in range(N_POINTS)]


@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.parametrize("door", ["alone", "inside repro run"])
def test_processes_log_to_one_run(repo: Scratch, method: str, door: str) -> None:
    repo.write(
        "log.py",
        "import multiprocessing, sys\n"
        "import repro\n"
        "def log(k):\n"
        f"    for step in range({N_POINTS}): repro.log_metric(f'loss{{k}}', step / 7, step=step)\n"
        "if __name__ == '__main__':\n"
        f"    context = multiprocessing.get_context({method!r})\n"
        "    with repro.start_run('all') as run:\n"
        "        workers = [context.Process(target=log, args=(k,)) for k in range(8)]\n"
        "        for worker in workers: worker.start()\n"
        "        for worker in workers: worker.join()\n"
        "        assert all(worker.exitcode == 0 for worker in workers)\n"
        "        repro.log_metric('own', 1.0, step=0)\n",
    )
    if door == "alone":
        repo.python("log.py")
    else:
        repo.run_cli("run", "--", sys.executable, "log.py")
    (found,) = runs(repo)
    assert (found["status"], found["name"]) == ("finished", "all")
    for k in range(8):
        points = curve(repo, f"loss{k}")
        assert points == [(step, repr(step / 7)) for step in range(N_POINTS)]


def test_a_forked_child_neither_ends_nor_repeats_the_run(repo: Scratch) -> None:
    train(
        repo,
        "import os, sys\n"
        "run = repro.start_run('parent')\n"
        "repro.log_metric('loss', 1.0, step=0)\n"
        "if not (pid := os.fork()):\n"
        "    repro.log_metric('loss', 2.0, step=1)\n"
        "    repro.end_run('failed')\n"
        "    with repro.start_run('child'): repro.log_metric('loss', 3.0, step=2)\n"
        "    sys.exit(5)\n"  # its exit handlers are those of the parent
        "assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 5\n"
        "repro.log_metric('loss', 4.0, step=3)",
    )
    (found,) = runs(repo)
    assert found["status"] == "finished"
    assert sorted(curve(repo, "loss")) == [(k, f"{k + 1}.0") for k in range(4)]


def test_a_forked_child_may_have_a_run_of_its_own(repo: Scratch) -> None:
    train(
        repo,
        "import os\n"
        "with repro.start_run('parent'):\n"
        "    if not (pid := os.fork()):\n"
        "        with repro.start_run('child', nested=True):\n"
        "            repro.log_metric('loss', 3.0, step=2)\n"
        "        os._exit(0)\n"
        "    os.waitpid(pid, 0)",
    )
    assert shown(repo, "child")["parent_run"] == shown(repo, "parent")["id"]
    assert shown(repo, "child")["metrics"] == {"loss": 3.0}
    assert shown(repo, "parent")["metrics"] == {}


def test_a_process_that_a_run_starts_joins_it(repo: Scratch) -> None:
    repo.write(".gitignore", "*.csv\n")
    repo.commit()
    repo.write("in.csv", "1")
    train(
        repo,
        "import subprocess, sys\n"
        "program = '''import repro; open(\"in.csv\").read()\n"
        "with repro.start_run(): repro.log_metric(\"loss\", 2.0, step=1)'''\n"
        "with repro.start_run('parent'):\n"
        "    subprocess.run([sys.executable, '-c', program], check=True)",
    )
    (found,) = runs(repo)
    assert (found["name"], found["metrics"]) == ("parent", {"loss": 2.0})
    assert [item["path"] for item in shown(repo)["data"]] == ["in.csv"]


@pytest.mark.parametrize("kind", ["threads", "tasks"])
def test_runs_beside_each_other_keep_apart(repo: Scratch, kind: str) -> None:
    repo.write(
        "log.py",
        "import asyncio, sys, threading\n"
        "import repro\n"
        "barrier = threading.Barrier(3)\n"
        "def thread(k):\n"
        "    with repro.start_run(f'k{k}'):\n"
        "        for step in range(50):\n"
        "            repro.log_metric('k', float(k), step=step)\n"
        "        barrier.wait()\n"
        "async def task(k):\n"
        "    with repro.start_run(f'k{k}'):\n"
        "        for step in range(50):\n"
        "            repro.log_metric('k', float(k), step=step)\n"
        "            await asyncio.sleep(0)\n"
        "async def tasks():\n"
        "    await asyncio.gather(*(task(k) for k in range(3)))\n"
        "if sys.argv[1] == 'tasks':\n"
        "    asyncio.run(tasks())\n"
        "else:\n"
        "    threads = [threading.Thread(target=thread, args=(k,)) for k in range(3)]\n"
        "    for one in threads: one.start()\n"
        "    for one in threads: one.join()\n",
    )
    repo.python("log.py", kind)
    assert sorted(run["name"] for run in runs(repo)) == ["k0", "k1", "k2"]
    for k in range(3):
        assert curve(repo, "k", f"k{k}") == [(step, f"{k}.0") for step in range(50)]
        assert shown(repo, f"k{k}")["parent_run"] is None


def test_a_thread_may_have_a_run_inside_of_the_one_around_it(repo: Scratch) -> None:
    train(
        repo,
        "import threading\n"
        "def work():\n"
        "    with repro.start_run('inner', nested=True): repro.log_metric('loss', 1.0)\n"
        "with repro.start_run('outer'):\n"
        "    thread = threading.Thread(target=work)\n"
        "    thread.start()\n"
        "    thread.join()",
    )
    assert shown(repo, "inner")["parent_run"] == shown(repo, "outer")["id"]
    assert (shown(repo, "inner")["metrics"], shown(repo, "outer")["metrics"]) == ({"loss": 1.0}, {})


def test_a_task_logs_to_the_run_that_it_was_made_in(repo: Scratch) -> None:
    train(
        repo,
        "import asyncio\n"
        "async def log():\n"
        "    await asyncio.sleep(0)\n"
        "    repro.log_metric('loss', 1.0, step=0)\n"
        "async def main():\n"
        "    with repro.start_run('outer'):\n"
        "        task = asyncio.create_task(log())\n"
        "        with repro.start_run('inner'): await asyncio.sleep(0.01)\n"
        "        await task\n"
        "asyncio.run(main())",
    )
    assert shown(repo, "outer")["metrics"] == {"loss": 1.0}
    assert shown(repo, "inner")["metrics"] == {}


def test_each_call_of_a_decorated_function_is_a_run(repo: Scratch) -> None:
    train(
        repo,
        "import asyncio\n"
        "@repro.run\n"
        "def train(lr, *sizes, depth=2, **more): return {'loss': lr * 2, 'note': 'x'}\n"
        "@repro.run(name='async', tags={'a': 'b'})\n"
        "async def later(lr=0.5):\n"
        "    await asyncio.sleep(0)\n"
        "    return {'loss': lr}\n"
        "assert train(0.25, 1, 2, momentum=0.9) == {'loss': 0.5, 'note': 'x'}\n"
        "assert asyncio.run(later()) == {'loss': 0.5}\n"
        "assert train.__name__ == 'train'\n"
        "try: train()\n"
        "except TypeError: print('as ever')",
    )
    failed, later, first = runs(repo)
    assert first["params"].items() >= {"lr": 0.25, "depth": 2, "momentum": 0.9}.items()
    assert first["params"]["sizes"] == [1, 2]
    assert first["metrics"] == {"loss": 0.5}
    assert (later["name"], later["params"]["lr"], later["tags"]) == ("async", 0.5, {"a": "b"})
    assert failed["status"] == "failed"


@pytest.mark.parametrize("door", ["alone", "inside repro run"])
def test_all_ranks_are_one_run(repo: Scratch, door: str) -> None:
    repo.write(
        "worker.py",
        "import os\n"
        "import repro\n"
        "rank = os.environ['RANK']\n"
        "with repro.start_run('ddp', {'rank': rank}):\n"
        "    for step in range(10): repro.log_metric('loss', float(rank), step=step)\n",
    )
    repo.write(
        "launch.py",
        "import os, subprocess, sys\n"
        "workers = [subprocess.Popen([sys.executable, 'worker.py'], env=os.environ | {\n"
        "    'RANK': str(rank), 'WORLD_SIZE': '3', 'MASTER_ADDR': 'localhost',\n"
        "    'MASTER_PORT': '29500', 'TORCHELASTIC_RUN_ID': 'none',\n"
        "}) for rank in range(3)]\n"
        "sys.exit(max(worker.wait() for worker in workers))\n",
    )
    if door == "alone":
        repo.python("launch.py")
    else:
        repo.run_cli("run", "--", sys.executable, "launch.py")
    (found,) = runs(repo)
    assert (found["name"], found["params"]["rank"]) == ("ddp", "0")
    for metric, value in (("loss", "0.0"), ("rank1/loss", "1.0"), ("rank2/loss", "2.0")):
        assert curve(repo, metric) == [(step, value) for step in range(10)]
