import importlib.util

import pytest

from tests.integrations.trained import train
from tests.repos import Scratch

# Looked for, not imported: each test trains in a process of its own.
NEEDED = ("accelerate", "torch", "transformers")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not all(map(importlib.util.find_spec, NEEDED)), reason="no Transformers with PyTorch"
    ),
]

TRAIN = """\
import torch
from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments

from repro.integrations.transformers import ReproCallback

torch.manual_seed(0)
sizes = dict(vocab_size=20, hidden_size=8, num_hidden_layers=1, num_attention_heads=2)
model = BertForSequenceClassification(BertConfig(intermediate_size=8, **sizes))
data = [
    {"input_ids": [1, 2, 3], "attention_mask": [1, 1, 1], "labels": n % 2} for n in range(16)
]
arguments = TrainingArguments(
    "out",
    num_train_epochs=2,
    learning_rate=0.001,
    per_device_train_batch_size=4,
    logging_steps=2,
    eval_strategy="epoch",
    save_strategy="no",
    report_to=[],
    use_cpu=True,
    disable_tqdm=True,
)
callbacks = [ReproCallback(log_model=True)]
Trainer(
    model, arguments, train_dataset=data, eval_dataset=data, callbacks=callbacks
).train()
"""


def test_it_logs_arguments_configuration_metrics_and_the_model(repo: Scratch) -> None:
    trained = train(repo, TRAIN)
    assert trained.params["learning_rate"] == 0.001
    assert trained.params["model.hidden_size"] == 8
    assert "hub_token" not in trained.params
    assert [step for step, _ in trained.curve("loss")] == [2, 4, 6, 8]
    assert [step for step, _ in trained.curve("eval_loss")] == [4, 8]
    assert trained.last("train_loss") > 0
    assert trained.artifact("config.json")["kind"] == "model"
    assert trained.gaps() == []
