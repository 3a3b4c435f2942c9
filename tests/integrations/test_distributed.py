"""Training in several processes, started by PyTorch's own launchers: one run of all of them."""

import importlib.util
import sys

import pytest

from tests.integrations.trained import Trained, record, train
from tests.repos import Scratch

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="no PyTorch"),
]

RANKS = """\
import sys
import torch.distributed as dist

import repro

dist.init_process_group("gloo")
with repro.start_run("ddp", params={"lr": 0.1, "rank": dist.get_rank()}):
    for step in range(3):
        repro.log_metric("loss", float(dist.get_rank()), step=step)
dist.destroy_process_group()
"""
SPAWN = """\
import os
import torch.distributed as dist
import torch.multiprocessing as mp

import repro

def work(rank, n_ranks, rendezvous):
    dist.init_process_group("gloo", rendezvous, rank=rank, world_size=n_ranks)
    repro.log_params({"lr": 0.1, "rank": rank})
    for step in range(3):
        repro.log_metric("loss", float(rank), step=step)
    dist.destroy_process_group()

if __name__ == "__main__":
    mp.spawn(work, args=(2, f"file://{os.getcwd()}/.git/rendezvous"), nprocs=2)
"""
LIGHTNING = """\
import sys
import lightning.pytorch as lightning
import torch

import repro
from repro.integrations.lightning import ReproLogger

class Model(lightning.LightningModule):
    def __init__(self, lr=0.1):
        super().__init__()
        self.save_hyperparameters()
        self.layer = torch.nn.Linear(4, 1)

    def training_step(self, batch, _):
        loss = self.layer(batch[0]).square().mean()
        self.log("loss", loss)
        if "every rank" in sys.argv:
            repro.log_metric("own", loss.item(), step=self.global_step)
        return loss

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), self.hparams.lr)

trainer = lightning.Trainer(
    max_epochs=1,
    logger=ReproLogger(),
    accelerator="cpu",
    devices=2,
    strategy="ddp",
    log_every_n_steps=1,
    enable_progress_bar=False,
    enable_model_summary=False,
)
data = torch.utils.data.TensorDataset(torch.rand(16, 4))
trainer.fit(Model(), torch.utils.data.DataLoader(data, 4))
"""


def torchrun() -> tuple[str, ...]:
    return sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"


def assert_both_are_in(trained: Trained) -> None:
    assert trained.curve("loss") == [(step, 0.0) for step in range(3)]
    assert trained.curve("rank1/loss") == [(step, 1.0) for step in range(3)]
    assert trained.params["lr"] == 0.1
    assert trained.params["rank"] == 0
    assert trained.gaps() == []


@pytest.mark.parametrize("how", ["neither", "repro run"])
def test_torchrun(repo: Scratch, how: str) -> None:
    trained = record(repo, RANKS, *torchrun(), how=how)
    assert trained.shown["name"] == "ddp"
    assert_both_are_in(trained)


@pytest.mark.parametrize("how", ["neither", "repro run"])
def test_spawn_which_says_nothing_in_the_environment(repo: Scratch, how: str) -> None:
    trained = train(repo, SPAWN, how=how)
    assert_both_are_in(trained)
    if how == "neither":
        assert trained.shown["command"].endswith("train.py")


@pytest.mark.parametrize("words", ["rank 0", "every rank"])
@pytest.mark.skipif(importlib.util.find_spec("lightning") is None, reason="no Lightning")
def test_lightning_starts_its_other_ranks_itself(repo: Scratch, words: str) -> None:
    trained = record(repo, LIGHTNING, sys.executable, args=(words,), how="neither")
    assert trained.params == {"lr": 0.1}
    assert [step for step, _ in trained.curve("loss")] == [0, 1]
    own = {name for name in trained.shown["metrics"] if "own" in name}
    assert own == (set() if words == "rank 0" else {"own", "rank1/own"})
    assert trained.gaps() == []
