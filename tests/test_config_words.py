"""What OmegaConf refuses is said in words, from Python as on the command line."""

from dataclasses import dataclass

import numpy as np
import pytest

from annealkit import ConfigError, Constant, Run, learning_rates
from annealkit.configuration.composition import compose, parse
from annealkit.configuration.plan import make_plan
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


# --- what is typed is text where text is meant ---


@pytest.mark.parametrize(
    "name",
    ["größe", "日本", "a=b", "a#b", "a&b", "a;b", "a(b", "a)b", "a'b", 'a"b', "a{b", "a]b", "a!b", "a\\b", "a\\", "a b",
     "1e3", "1_000", "007", "true", "0x10", "range(3", "x/ü, y"],
)  # fmt: skip
def test_a_path_is_taken_as_it_is_typed(name: str) -> None:
    word = f"outputs={name}" if "," not in name else f'outputs="{name}"'
    assert compose([word], load_registry()).outputs == name


def test_the_home_folder_stands_for_its_sign(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/somebody")
    config = compose(["data=folder", "data.path=~/pictures", "outputs=~", "preview.png=~/x.png"], load_registry())
    assert (config.data.path, config.outputs, config.preview.png) == (
        "/home/somebody/pictures", "/home/somebody", "/home/somebody/x.png",
    )  # fmt: skip
    assert compose(["outputs=./~"], load_registry()).outputs == "./~"


def test_text_within_lists_and_in_sweeps_is_text_too() -> None:
    [override] = parse(["schedule.phases=[{name:größe},{name:a=b}]"])
    assert override.value() == [{"name": "größe"}, {"name": "a=b"}]
    [override] = parse(["outputs=ä,1e3,a=b"])
    assert list(override.sweep_string_iterator()) == ['"ä"', '"1e3"', '"a=b"']


def test_a_number_stays_a_number_where_one_is_meant() -> None:
    config = compose(["optimizer.lr=1e-3", "trainer.epochs=3", "schedule=keras", "schedule.arguments.alpha=1e-1"],
                     load_registry())  # fmt: skip
    assert config.optimizer.lr == 0.001 and config.trainer.epochs == 3 and config.schedule.arguments.alpha == 0.1


@pytest.mark.parametrize("lr", [1e40, 1e-45])
def test_a_rate_that_float32_cannot_hold_is_refused(lr: float) -> None:
    with pytest.raises(ConfigError, match=r"lr must be 0, or lie in \[1.2e-38, 3.4e\+38\]"):
        learning_rates(Constant(), lr, Run(10, 5))


@dataclass
class Tower:
    """Rise tenfold at every step, as no schedule should."""

    def factor(self, step: np.ndarray, run: Run) -> np.ndarray:
        return 10.0 ** (60 * step)


def test_a_rate_that_overflows_names_the_schedule_and_the_step() -> None:
    with pytest.raises(ConfigError, match=r"Tower must .* product with lr=0.5 is at most 3.4.* 1e\+60 at step 1 of 2"):
        learning_rates(Tower(), 0.5, Run(2, 1))


REFUSED = [
    ("outputs=${nope}", "outputs=${nope}: there is no key nope to take a value from."),
    ("outputs=${HOME}/p", "A variable of the environment is ${oc.env:HOME}"),
    ("outputs=${oc.env:NO_SUCH}/p", "the environment has no variable NO_SUCH."),
    (
        "optimizer.clipnorm=${hydra:job.num}",
        "optimizer.clipnorm=${hydra:job.num}: outside a sweep nothing can be taken",
    ),
    ("outputs=${hydra:runtime.cwd}/x", "outputs=${hydra:runtime.cwd}/x: outside a sweep nothing can be taken"),
    ("outputs=???", "outputs=???: it has no value, and needs one."),
    ("optimizer.lr=${optimizer.lr}", "it refers to itself."),
    ("preview=${optimizer.lr}", "preview=${optimizer.lr}: must hold settings; got 0.03."),
    ("+optimiser.lr=0.5", "optimiser.lr: there is no such key. Did you mean optimizer.lr?"),
    ("+foo=1", "foo: there is no such key."),
    ("+schedule=cosine", "+schedule=cosine: schedule is there already. Leave out the +."),
    ("~schedule", "~schedule: a run cannot do without schedule. Try schedule=…."),
    ("~warmup", "Try warmup=none."),
    ("~trainer.epochs", "Leave it out, and it has its default."),
    ("trainer=null", "trainer takes a name; got null."),
    ("model/schema=1e3", "model/schema takes a name; got 1000.0."),
    (f"schedule={'x' * 300}", "no such schedule."),
    (f"outputs={'x' * 300}", "a name of more than 255 bytes is no folder's."),
    (f"outputs={'x' * 5000}", "too long, with 5,008 characters"),
    (f"trainer.epochs={'9' * 1000}", "a number of so many digits cannot be meant."),
    ("trainer.epochs=9223372036854775808", "trainer: epochs must fit 64 bits; got 9223372036854775808."),
    ("trainer.epochs=1000000000", "trainer.epochs=1000000000: 8,000,000,000 weight updates; a run has 100,000,000"),
    (f"schedule.of={'[{name:product,of:' * 60}[]{'}]' * 60}", "121 brackets within each other, and at most 20"),
    ("outputs=a\x1b[31mb", "has a character that cannot be printed in it, '\\x1b'."),
    ("outputs=\udcff", "has a byte that is no UTF-8 in it"),
    ("optimizer.lr=1e40", "optimizer.lr=1e+40: float32, which trains, holds 0 and 1.2e-38 to 3.4e+38."),
    ("optimizer.lr=1e-45", "optimizer.lr=1e-45: float32, which trains, holds 0 and 1.2e-38 to 3.4e+38."),
    ("warmup=linear warmup.length=1e30000000st", "length='1e30000000st' is no length of a run;"),
    ("schedule=step schedule.every=1e400%", "every='1e400%' is no length of a run;"),
    ("experiment=article_a_step schedule=cosine", "sets schedule.drop, and schedule=cosine has no drop."),
    ("optimizer.clipnorm=1 optimizer.global_clipnorm=1", "global_clipnorm cannot be set beside clipnorm"),
    ("optimizer.clipvalue=1 optimizer.clipnorm=1", "clipvalue cannot be set beside clipnorm"),
]


@pytest.mark.parametrize(("words", "message"), REFUSED)
def test_what_cannot_be_is_refused_in_one_message(words: str, message: str) -> None:
    given = words.split(" ") if "x1b" not in repr(words) else [words]
    toy = [] if "experiment" in words else ["data=toy", "model=mlp"]
    with pytest.raises(ConfigError) as refused:
        make_plan(compose([*toy, *given], load_registry()), load_registry())
    assert message in str(refused.value) and len(str(refused.value)) <= 400


def test_no_experiment_is_an_experiment_too() -> None:
    assert compose(["experiment=null"], load_registry()) == compose([], load_registry())
