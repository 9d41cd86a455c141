"""What OmegaConf refuses is said in words, from Python as on the command line."""

import pytest

from annealkit import ConfigError
from annealkit.plugin_system.registry import load_registry


@pytest.mark.parametrize(
    ("group", "values", "message"),
    [
        ("schedule", {"name": "cosine", "floor": "low"}, "schedule.floor: must be a number (float); got 'low'."),
        ("feedback", {"name": "plateau", "patience": 1.5}, "feedback.patience: must be a whole number (int); got 1.5."),
        ("optimizer", {"name": "sgd", "nesterov": "so"}, "optimizer.nesterov: must be true or false (bool); got 'so'."),
        ("schedule", {"name": "cosine", "length": None}, "schedule.length: cannot be null."),
        ("schedule", {"name": "multistep", "milestones": 5}, "schedule.milestones: must be a list, such as [1,2]; got"),
        ("schedule", {"name": "keras", "arguments": 5}, "schedule.arguments: must be a dictionary, such as {key:"),
        ("schedule", {"name": "cosine", "length": [1]}, "schedule.length: must be a text (str); got [1]."),
        (
            "optimizer",
            {"name": "sgd", "groups": [{"lrscale": 10}]},
            "VariableGroup has no lrscale. Did you mean lr_scale? It has: layer, match, lr_scale, weight_decay.",
        ),
    ],
)  # fmt: skip
def test_a_value_of_a_wrong_type_is_refused_in_words(group: str, values: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load_registry().build(group, values)
    assert str(refused.value).startswith(f"{group}={values['name']}: ") and message in str(refused.value)
