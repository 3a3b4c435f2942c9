"""PyTorch Lightning: ``Trainer(logger=ReproLogger())``."""

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from repro.api import current_run, log_metrics, log_model, log_params, start_run
from repro.api.begin import take_part
from repro.integrations.harmless import harmless
from repro.model.gap import GapKind

if TYPE_CHECKING:
    from argparse import Namespace

    from lightning.pytorch.callbacks import ModelCheckpoint

    from repro.api import ActiveRun

# One code base is published under two names: the one that is in use already, else the newer.
if "pytorch_lightning" in sys.modules and "lightning" not in sys.modules:
    from pytorch_lightning.loggers.logger import Logger, rank_zero_experiment
    from pytorch_lightning.utilities import rank_zero_only
else:
    try:
        from lightning.pytorch.loggers.logger import Logger, rank_zero_experiment
        from lightning.pytorch.utilities import rank_zero_only
    except ImportError:
        from pytorch_lightning.loggers.logger import Logger, rank_zero_experiment
        from pytorch_lightning.utilities import rank_zero_only

__all__ = ["ReproLogger"]


class ReproLogger(Logger):
    """A logger for Lightning's ``Trainer``: hyperparameters to params, what is logged to metrics.

    Checkpoints go to ``lightning_logs/<name of the run>/checkpoints``, unless the ``Trainer`` or
    its ``ModelCheckpoint`` says otherwise.
    """

    def __init__(self, *, prefix: str = "", log_model: bool | Literal["all"] = False) -> None:
        """Makes a logger; the run begins when something is logged.

        Args:
            prefix: Of the metrics, with a "/" behind it: for several trainings in one run.
            log_model: Whether the best checkpoint, or the last where none is the best, is logged as
                the run's model when the training ends; "all" logs every one when it is saved.
        """
        super().__init__()
        self._prefix = f"{prefix}/" if prefix else ""
        self._log_model = log_model
        self._checkpoints: ModelCheckpoint | None = None

    @property
    def name(self) -> str:
        """The directory of the checkpoints."""
        return "lightning_logs"

    @property
    def version(self) -> str | int:
        """The directory below it: the run's name."""
        run = self.experiment if rank_zero_only.rank == 0 else None
        return str(run.name) if run is not None else 0  # rank 0 tells the others

    @property
    @rank_zero_experiment
    def experiment(self) -> "ActiveRun | None":
        """The run; None when none could begin."""
        return current_run() or start_run()

    @rank_zero_only
    @harmless(GapKind.PARAMS)
    def log_hyperparams(
        self, params: "Mapping[str, Any] | Namespace | None", *_: object, **__: object
    ) -> None:
        """Logs what ``save_hyperparameters()`` saved, of the model and of its data."""
        if params:
            log_params(params)

    @harmless(GapKind.METRICS)
    def log_graph(self, *_: object, **__: object) -> None:
        """Has the run know of every rank; it logs no graph. Lightning calls it on all of them."""
        if rank_zero_only.rank:
            take_part()

    @rank_zero_only
    @harmless(GapKind.METRICS)
    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Logs metrics, and the epoch with them, at the number of optimizer steps."""
        log_metrics({f"{self._prefix}{name}": value for name, value in metrics.items()}, step=step)

    @rank_zero_only
    @harmless(GapKind.ARTIFACTS)
    def after_save_checkpoint(self, checkpoint_callback: "ModelCheckpoint") -> None:
        """Logs a checkpoint, or remembers whom to ask for the best."""
        self._checkpoints = checkpoint_callback
        if self._log_model == "all":
            log_model(checkpoint_callback.last_model_path or checkpoint_callback.best_model_path)

    @rank_zero_only
    @harmless(GapKind.ARTIFACTS)
    def finalize(self, status: str) -> None:  # noqa: ARG002 - Lightning's signature
        """Logs the best checkpoint; the run goes on."""
        found, self._checkpoints = self._checkpoints, None
        if self._log_model is True and found is not None:
            path = found.best_model_path or found.last_model_path
            if path:
                log_model(path)
