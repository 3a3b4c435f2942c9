"""Hugging Face Transformers: ``Trainer(..., callbacks=[ReproCallback()])``."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from transformers import TrainerCallback

from repro.api import log_metrics, log_model, log_params
from repro.api.begin import take_part
from repro.integrations.harmless import harmless
from repro.model.gap import GapKind

if TYPE_CHECKING:
    from transformers import (
        PreTrainedModel,
        PreTrainedTokenizerBase,
        TrainerControl,
        TrainerState,
        TrainingArguments,
    )

__all__ = ["ReproCallback"]


class ReproCallback(TrainerCallback):
    """A callback for ``Trainer``: its arguments to params, what it logs to metrics.

    The arguments keep their names (``params.learning_rate``); the model's configuration stands
    under ``model`` (``params.model.hidden_size``). Those that are None are left out.
    """

    def __init__(self, *, log_model: bool = False) -> None:
        """Makes a callback.

        Args:
            log_model: Whether the model, as it is when the training ends, is logged.
        """
        self._log_model = log_model

    @harmless(GapKind.PARAMS)
    def on_train_begin(
        self,
        args: "TrainingArguments",
        state: "TrainerState",
        control: "TrainerControl",  # noqa: ARG002 - the callback's signature
        *,
        model: "PreTrainedModel | None" = None,
        **_: object,
    ) -> None:
        """Logs the arguments and the model's configuration."""
        if not state.is_world_process_zero:
            take_part()
            return
        params = _without_none(args.to_dict())
        for name in [name for name in params if name.endswith("_token")]:
            del params[name]  # "<HUB_TOKEN>", whether there is one or not
        config = getattr(model, "config", None)
        if config is not None:
            params["model"] = _without_none(config.to_dict())
        adapters = getattr(model, "peft_config", None)
        if adapters:
            params["peft"] = {name: _without_none(a.to_dict()) for name, a in adapters.items()}
        log_params(params)

    @harmless(GapKind.METRICS)
    def on_log(
        self,
        args: "TrainingArguments",  # noqa: ARG002 - the callback's signature
        state: "TrainerState",
        control: "TrainerControl",  # noqa: ARG002 - the same
        *,
        logs: Mapping[str, Any] | None = None,
        **_: object,
    ) -> None:
        """Logs what the trainer logs, at its global step."""
        if state.is_world_process_zero and logs:
            log_metrics(logs, step=state.global_step)

    @harmless(GapKind.ARTIFACTS)
    def on_train_end(
        self,
        args: "TrainingArguments",  # noqa: ARG002 - the callback's signature
        state: "TrainerState",
        control: "TrainerControl",  # noqa: ARG002 - the same
        *,
        model: "PreTrainedModel | None" = None,
        processing_class: "PreTrainedTokenizerBase | None" = None,
        **_: object,
    ) -> None:
        """Logs the model."""
        if not (self._log_model and state.is_world_process_zero and model is not None):
            return
        import tempfile

        with tempfile.TemporaryDirectory() as parent:
            directory = f"{parent}/model"
            model.save_pretrained(directory)
            if processing_class is not None:
                processing_class.save_pretrained(directory)
            log_model(directory)


def _without_none(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
