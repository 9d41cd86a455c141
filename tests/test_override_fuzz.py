"""Whatever is typed, a plan with finite rates comes of it, or one message that a person can act on.

ANNEALKIT_FUZZ=10000 tries so many lists of words; without it sixty, since each takes Hydra a quarter of a second.
"""

import os
import random
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from types import FrameType

import numpy as np
import pytest

from annealkit.configuration.composition import compose_with
from annealkit.configuration.hydra_app import Hydra, initialized_hydra, without_hydra
from annealkit.configuration.plan import make_plan
from annealkit.configuration.schema import SETTINGS
from annealkit.errors import AnnealkitError
from annealkit.plugin_system.registry import Registry, load_registry

COUNT = int(os.environ.get("ANNEALKIT_FUZZ", "60"))
FIRST = int(os.environ.get("ANNEALKIT_FUZZ_FIRST", "0"))
SLOWEST = 60  # seconds, on a busy machine

# Of each kind that has made trouble somewhere: sizes, forms, signs, references, characters.
VALUES = list(
    filter(
        None,
        """
0 1 3 -1 2.5 1e3 1e40 1e-45 1e-320 1e308 1e400 inf -inf nan 9223372036854775807 9223372036854775808 1000000000 0x10
1_000 007 true false null ??? none abc 2ep 1500st 12.5% 0ep 0.5ep 1e9ep 1e30000000st 1e-30000000st 1e400% -1ep 101%
[] [1] [1,2] [null] [2ep,4ep] [0.5,0.1] [0.95,0.85] [a,[b]] {} {a:1} {name:cosine} {name:null} [{name:cosine}]
[{name:constant,length:60%},{name:cosine}] [{layer:head,lr_scale:10}] [{match:1e40}]
[{name:product,of:[{name:step}]}]
~ ~/x ~nobody/x ./a /tmp/ä größe 日本 a=b a#b a&b a;b a(b a) a'b a"b 'a_b' "a,b" a\\b \\ a,b a:b $HOME ${HOME} ${nope}
${seed} ${optimizer.lr} ${optimizer} ${trainer.epochs} ${oc.env:NOPE} ${oc.env:HOME} ${ ${} ${run_name:}
${hydra:job.num} ${now:%Y} range(3) choice(1,2) int(3) str(3) glob(*) foo(3) sort(3,1) interval(0,1) cosine sgd linear
plateau greedy
""".replace("\n", " ").split(" "),
    )
)
CHARACTERS = "=.,:;~+-@/\\'\"[]{}()$%#&!?* \t\n\0\x1b\udcffaä日9e_"


def _words(registry: Registry) -> tuple[list[str], list[str]]:
    """Everything that can be set, and every choice that reads nothing from disk and needs no TensorFlow."""
    keys = ["seed", "outputs", "rerun", "resume", "experiment", "hydra.run.dir", "hydra.mode", "hydra.job.num", "foo"]
    keys += ["schedule", "optimizer", "warmup", "feedback", "model", "trainer", "preview", "find_lr", "lr", "branch"]
    keys += ["hydra/launcher", "model/schema", "schedule.name", "hydra.searchpath", "trainer.early_stopping.patience"]
    for place, cls in SETTINGS.items():
        keys += [f"{place}.{field.name}" for field in fields(cls)]
    choices = []
    for group in ("schedule", "warmup", "feedback", "optimizer"):
        for name, part in registry.parts[group].items():
            if part.distribution == "annealkit" and name not in ("keras", "table"):
                choices.append(f"{group}={name}")
                keys += [f"{group}.{field.name}" for field in fields(part.cls)]
    keys += [f"data.{field.name}" for field in fields(registry.get("data", "toy").cls)]
    return sorted(set(keys)), choices


def _drawn(draw: random.Random, keys: list[str], choices: list[str]) -> list[str]:
    words = ["data=toy", "model=mlp", *draw.sample(choices, draw.randint(0, 3))]
    groups = [word.partition("=")[0] for word in words]
    words = [word for place, word in enumerate(words) if groups[place] not in groups[:place]]
    chosen = [key for key in keys if key.split(".")[0] in groups]
    for _ in range(draw.randint(1, 3)):
        key = draw.choice(chosen if draw.random() < 0.5 else keys)
        word = f"{draw.choice(['', '', '', '', '', '', '+', '++', '~'])}{key}={draw.choice(VALUES)}"
        if draw.random() < 0.1:
            place = draw.randrange(len(word) + 1)
            word = word[:place] + draw.choice(CHARACTERS) * draw.choice([1, 1, 2, 30, 5000]) + word[place:]
        if draw.random() < 0.03:
            word = f"schedule.of={'[{name:product,of:' * 30}[]{'}]' * 30}"
        words.append(word)
    return words


class TooSlow(BaseException):
    """A list of words that hangs."""


@contextmanager
def within(seconds: int) -> Iterator[None]:
    def stop(number: int, frame: FrameType | None) -> None:
        raise TooSlow

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def fault(words: list[str], app: Hydra, registry: Registry) -> str:
    """What is wrong with what becomes of the words; empty for nothing."""
    try:
        with within(SLOWEST):
            plan = make_plan(without_hydra(compose_with(app, words, registry)), registry)
    except AnnealkitError as error:
        text = str(error)
        named = any(
            word[:20] in text or repr(word)[1:20] in text or any(step in text for step in re.findall(r"\w+", key))
            for word in words
            for key in [word.partition("=")[0]]
        )
        if not named:
            return f"names no key: {text}"
        printable = text.isprintable() or all(letter.isprintable() or letter in "\n\t\xa0\u3000" for letter in text)
        return "" if len(text) <= 400 and printable else f"{len(text)} characters: {text}"
    except TooSlow:
        return "hangs"
    except BaseException as error:
        return f"{type(error).__name__}: {error}"
    fine = np.isfinite(plan.rates.astype(np.float32)).all() and len(plan.rates) == plan.run.total_steps
    return "" if fine else "rates that are not finite"


@pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="what hangs is ended by an alarm")
def test_any_words_give_finite_rates_or_one_message() -> None:
    registry = load_registry()
    keys, choices = _words(registry)
    faults = {}
    with initialized_hydra(registry) as app:
        for number in range(FIRST, FIRST + COUNT):
            words = _drawn(random.Random(number), keys, choices)
            found = fault(words, app, registry)
            if found:
                faults[number] = f"{words}: {found}"
    assert not faults, "\n".join(f"{number}: {text[:600]}" for number, text in faults.items())
