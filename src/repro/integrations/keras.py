"""Keras: ``model.fit(..., callbacks=[ReproCallback()])``."""

from collections.abc import Mapping
from typing import Any

from keras.callbacks import Callback

from repro.api import log_metrics, log_model, log_params
from repro.integrations.float32 import shortest
from repro.integrations.harmless import harmless
from repro.model.gap import GapKind

__all__ = ["ReproCallback"]


class ReproCallback(Callback):
    """A callback for Keras: how the model is trained to params, an epoch's figures to metrics.

    ``model.evaluate`` outside of ``fit`` logs its figures as ``test/loss`` and so on.
    """

    def __init__(self, *, every_n_batches: int | None = None, log_model: bool = False) -> None:
        """Makes a callback.

        Args:
            every_n_batches: Log ``batch/loss`` and so on each so many batches, counted through all
                epochs; None for epochs only.
            log_model: Whether the model, as it is when the training ends, is logged.
        """
        super().__init__()
        self._every_n_batches = every_n_batches
        self._log_model = log_model
        self._n_batches = 0
        self._is_fitting = False

    @harmless(GapKind.PARAMS)
    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:  # noqa: ARG002
        """Logs the optimizer, the loss, and how long it will train."""
        self._is_fitting = True
        params: dict[str, Any] = {"epochs": self.params.get("epochs")}
        if self.params.get("steps") is not None:
            params["steps_per_epoch"] = self.params["steps"]
        optimizer = getattr(self.model, "optimizer", None)
        if optimizer is not None:
            config = optimizer.get_config()
            if isinstance(config.get("learning_rate"), float):
                config["learning_rate"] = shortest(config["learning_rate"])
            params["optimizer"] = config
        loss = getattr(self.model, "loss", None)
        if loss is not None:
            params["loss"] = loss if isinstance(loss, str) else _name(loss)
        log_params(params)

    @harmless(GapKind.METRICS)
    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:  # noqa: ARG002
        """Logs each so many batches."""
        self._n_batches += 1
        if self._every_n_batches and logs and self._n_batches % self._every_n_batches == 0:
            log_metrics({f"batch/{name}": logs[name] for name in logs}, step=self._n_batches)

    @harmless(GapKind.METRICS)
    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Logs the epoch's figures; Keras counts epochs from 0."""
        if logs:
            log_metrics(logs, step=epoch)

    @harmless(GapKind.METRICS)
    def on_test_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """Logs the figures of an evaluation that is not part of ``fit``."""
        if logs and not self._is_fitting:
            log_metrics({f"test/{name}": logs[name] for name in logs})

    @harmless(GapKind.ARTIFACTS)
    def on_train_end(self, logs: Mapping[str, Any] | None = None) -> None:  # noqa: ARG002
        """Logs the model."""
        self._is_fitting = False
        if not self._log_model:
            return
        import tempfile

        with tempfile.TemporaryDirectory() as directory:
            path = f"{directory}/model.keras"
            self.model.save(path)
            log_model(path)


def _name(loss: object) -> str:
    return str(
        getattr(loss, "name", None) or getattr(loss, "__name__", None) or type(loss).__name__
    )
