import importlib.util

import pytest

from tests.integrations.trained import train
from tests.repos import Scratch

pytestmark = pytest.mark.slow


def needs(name: str) -> None:
    # Looked for, not imported: each test trains in a process of its own.
    if importlib.util.find_spec(name) is None:
        pytest.skip(f"no {name}")


def script(package: str) -> str:
    return f"""\
import {package} as lightning
import torch
from {package}.callbacks import ModelCheckpoint

from repro.integrations.lightning import Logger, ReproLogger

class Model(lightning.LightningModule):
    def __init__(self, lr=0.1, hidden=3):
        super().__init__()
        self.save_hyperparameters()
        self.layer = torch.nn.Linear(4, 1)

    def loss(self, batch):
        return ((self.layer(batch[0]) - batch[1]) ** 2).mean()

    def training_step(self, batch, _):
        loss = self.loss(batch)
        self.log("train_loss", loss)
        return loss

    def validation_step(self, batch, _):
        self.log("val_loss", self.loss(batch))

    def test_step(self, batch, _):
        self.log("test_loss", self.loss(batch))

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), self.hparams.lr)

torch.manual_seed(0)
data = torch.utils.data.TensorDataset(torch.rand(64, 4), torch.rand(64, 1))
loader = torch.utils.data.DataLoader(data, 16)
trainer = lightning.Trainer(
    max_epochs=2,
    logger=ReproLogger(log_model=True),
    callbacks=[ModelCheckpoint(monitor="val_loss")],
    log_every_n_steps=2,
    accelerator="cpu",
    enable_progress_bar=False,
    enable_model_summary=False,
)
model = Model()
trainer.fit(model, loader, loader)
trainer.test(model, loader, verbose=False)
lightning.Trainer(
    max_epochs=1,
    logger=ReproLogger(prefix="fold0"),
    accelerator="cpu",
    enable_progress_bar=False,
    enable_model_summary=False,
).fit(Model(), loader, loader)
print(Logger.__module__)
print(trainer.checkpoint_callback.best_model_path)
"""


@pytest.mark.parametrize("package", ["lightning.pytorch", "pytorch_lightning"])
def test_hyperparameters_metrics_the_best_checkpoint_and_a_second_training(
    repo: Scratch, package: str
) -> None:
    needs(package.partition(".")[0])
    trained = train(repo, script(package))
    assert trained.params == {"lr": 0.1, "hidden": 3}
    assert [step for step, _ in trained.curve("train_loss")] == [1, 3, 5, 7]
    assert [step for step, _ in trained.curve("val_loss")] == [3, 7]
    assert [step for step, _ in trained.curve("fold0/val_loss")] == [3]
    assert trained.last("test_loss") > 0
    module, best = trained.done.stdout.splitlines()[-2:]
    assert module.startswith(package)
    assert f"/lightning_logs/{trained.shown['name']}/checkpoints/" in best
    assert trained.artifact(best.rpartition("/")[2])["kind"] == "model"
    assert trained.gaps() == []
