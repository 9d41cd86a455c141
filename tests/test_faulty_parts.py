"""Parts that hand back what they should not: each is refused where it comes back, by its name and distribution."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from faulty_parts import FAULTS, HEAD, module_of
from helpers import QUIET, TOY
from test_registry import install

import annealkit
from annealkit import ConfigError
from annealkit.errors import AnnealkitError
from annealkit.plugin_system.registry import load_registry
from annealkit.testing import ConformanceError, checks


@pytest.fixture(scope="module", autouse=True)
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """All of them, a distribution each."""
    site = tmp_path_factory.mktemp("faulty")
    for name in FAULTS:
        install(site, f"faulty-{name.replace('_', '-')}", module_of(name), "0.4")
    install(site, "faulty-least", HEAD + LEAST, "0.4")
    sys.path.insert(0, str(site))
    load_registry.cache_clear()
    yield
    sys.path.remove(str(site))
    load_registry.cache_clear()
    for module in [module for module in sys.modules if module.startswith("faulty_") and module != "faulty_parts"]:
        del sys.modules[module]


LEAST = """
@dataclass
class Least:
    lr: float = 0.1

    def build(self, learning_rate):
        import keras
        return keras.optimizers.SGD(learning_rate)

@hookimpl
def annealkit_optimizers():
    return {"least": Least}

@dataclass
class Steep:
    def factor(self, step, run):
        return np.full(len(step), 1e40)

    def ramp(self, step, length):
        return np.full(len(step), 1e300)

    length: str = "2ep"

@hookimpl
def annealkit_schedules():
    return {"steep": Steep}

@hookimpl
def annealkit_warmups():
    return {"steep": Steep}
"""


def test_an_optimizer_needs_only_a_rate_and_build(tmp_path: Path) -> None:
    result = annealkit.train([*TOY, "optimizer=least", QUIET, f"outputs={tmp_path}"])
    assert (result.status, result.updates) == ("finished", 60)
    failed = []
    for check in checks("optimizer", "least"):
        try:
            check()
        except ConformanceError:
            failed.append(check.title)
    assert failed == ["docstring: summary, every field", "docstring: its source"]


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("schedule=steep", "with lr=0.1 is at most 3.403e+38, the largest of float32; got the factor 1e+40"),
        ("warmup=steep", "with lr=0.1 is at most 3.403e+38, the largest of float32; got the factor 1e+300"),
    ],
)
def test_rates_that_overflow_name_the_plugin(override: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        annealkit.train([*TOY, override, "optimizer=least", f"outputs={tmp_path / 'outputs'}"])
    assert str(refused.value).startswith(f"{override} (from faulty-least 0.4): ") and said in str(refused.value)
    assert not (tmp_path / "outputs").exists()


# What can be told without TensorFlow is told before there is a folder.
BEFORE = ("size_", "begin_", "optimizer_no_lr", "optimizer_lr_", "optimizer_batches")


@pytest.mark.parametrize("name", FAULTS)
def test_it_is_refused_by_name(name: str, tmp_path: Path) -> None:
    fault = FAULTS[name]
    with pytest.raises(AnnealkitError) as refused:
        annealkit.train(
            [*TOY, "schedule=linear" if "curve" in name else "schedule=constant", f"{fault.group}={name}", QUIET,
             f"outputs={tmp_path / 'outputs'}"]
        )  # fmt: skip
    said = str(refused.value)
    assert isinstance(refused.value, ConfigError)
    assert said.startswith(f"{fault.group}={name} (from faulty-{name.replace('_', '-')} 0.4): "), said
    assert fault.said in said and f"`annealkit check {name}`" in said and said.isprintable(), said
    begun = (tmp_path / "outputs").exists()
    assert begun == (not name.startswith(BEFORE)), said
