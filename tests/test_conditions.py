"""What a checkpoint records of all that may change a bit, and that going on under anything else is refused."""

import importlib
import io
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import TOY, assert_same_bits, checkpoints, interrupted, model_arrays, only_run, state

import annealkit
from annealkit import RunError
from annealkit.plugin_system.registry import Part
from annealkit.runs import source
from annealkit.training import environment

ARGUMENTS = [
    *TOY,
    "schedule=cosine",
    "optimizer=adam",
    "feedback=plateau",
    "feedback.monitor=loss",
    "trainer.progress=false",
]


@pytest.fixture(scope="module")
def whole_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run without any fault."""
    return annealkit.train([*ARGUMENTS, f"outputs={tmp_path_factory.mktemp('whole')}"]).folder


@pytest.fixture(scope="module")
def stopped_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The outputs folder of the same run, stopped after its second of three epochs."""
    outputs = tmp_path_factory.mktemp("stopped") / "outputs"
    interrupted([*ARGUMENTS, f"outputs={outputs}"], 2)
    return outputs


@pytest.fixture
def outputs(stopped_run: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(stopped_run, tmp_path / "outputs"))


def go_on(outputs: Path, *more: str) -> Any:
    return annealkit.train([*ARGUMENTS, f"outputs={outputs}", *more])


def refusal(outputs: Path) -> str:
    with pytest.raises(RunError, match="cannot be continued to the exact bit") as refused:
        go_on(outputs)
    return str(refused.value)


def edit_checkpoint(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change what a checkpoint says beside its arrays."""
    with np.load(path, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    said = json.loads(arrays["state.json"].tobytes())
    change(said)
    arrays["state.json"] = np.frombuffer(json.dumps(said).encode(), np.uint8)
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)  # type: ignore[arg-type]
    path.write_bytes(buffer.getvalue())


def as_written_before(outputs: Path) -> None:
    """As a version wrote it that kept no record in its checkpoints, and less of it in run.json."""
    run = only_run(outputs)
    for path in checkpoints(run):
        edit_checkpoint(path, lambda said: [said.pop(key) for key in ("settings", "environment", "inexact")])
    written = state(run)
    later = ("python", "instructions", "environment variables", "settings of tensorflow and keras", "annealkit code")
    for key in [*later, *(key for key in written["environment"] if key.endswith((" code", " needs")))]:
        written["environment"].pop(key, None)
    (run / "run.json").write_text(json.dumps(written))


# --- what changes bits ---


@pytest.mark.parametrize(
    "setting",
    ["TF_ENABLE_ONEDNN_OPTS=0", "TF_XLA_FLAGS=--tf_xla_auto_jit=2 --tf_xla_cpu_global_jit", "ONEDNN_MAX_CPU_ISA=AVX2"],
)
def test_variables_that_tensorflow_reads(setting: str, outputs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name, _, value = setting.partition("=")
    for key in ("TF_ENABLE_ONEDNN_OPTS", "TF_XLA_FLAGS", "ONEDNN_MAX_CPU_ISA"):
        monkeypatch.delenv(key, raising=False)
    monkeypatch.setenv(name, value)
    assert f"environment variables was none, is now {setting}. Try resume=inexact" in refusal(outputs)


def test_variables_that_change_no_bit_and_those_of_others_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TF_CPP_MIN_LOG_LEVEL", "ONEDNN_VERBOSE", "TF_VAR_password", "TF_CLI_ARGS", "TF_DUMP_GRAPH_PREFIX"):
        monkeypatch.setenv(name, "3")
    monkeypatch.setenv("XLA_FLAGS", "--a=1")
    monkeypatch.setenv("DNNL_MAX_CPU_ISA", "SSE41")
    assert environment._variables() == "DNNL_MAX_CPU_ISA=SSE41 XLA_FLAGS=--a=1"


@pytest.mark.parametrize("group", ["model", "optimizer", "feedback", "data"])
def test_code_that_was_edited_at_the_same_version(group: str, outputs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = state(only_run(outputs))["environment"][f"{group} code"]
    real = environment._code

    def edited(used: list[Part]) -> dict[str, str]:
        return {"code": "0123456789abcdef"} if used[0].group == group else real(used)

    monkeypatch.setattr(environment, "_code", edited)
    assert f"{group} code was {before}, is now 0123456789abcdef. Try" in refusal(outputs)


def test_another_setting_of_keras(outputs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keras.config.epsilon", lambda: 1e-5)
    said = refusal(outputs)
    assert "epsilon=1e-07" in said and "epsilon=1e-05" in said


# --- where it is kept ---


def test_without_run_json_the_checkpoint_is_enough(outputs: Path, whole_run: Path) -> None:
    run = only_run(outputs)
    (run / "run.json").unlink()
    done = go_on(outputs)
    assert done.status == "finished" and done.inexact == [] and done.folder == run
    assert_same_bits(model_arrays(run / "model.keras"), model_arrays(whole_run / "model.keras"))


def test_without_run_json_another_number_of_threads_is_noticed(outputs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (only_run(outputs) / "run.json").unlink()
    threads = environment.available_threads()
    monkeypatch.setattr(environment, "available_threads", lambda: threads + 1)
    said = refusal(outputs)
    assert f"threads was {threads}, is now {threads + 1}. Try trainer.threads={threads}, with which it is exact" in said
    # What is inexact stays so, wherever it is continued from.
    assert go_on(outputs, "resume=inexact").inexact == [f"threads was {threads}, is now {threads + 1}"]


def test_without_run_json_other_settings_are_noticed(outputs: Path) -> None:
    run = only_run(outputs)
    (run / "run.json").unlink()
    for path in checkpoints(run):
        edit_checkpoint(path, lambda said: said["settings"].update({"optimizer.lr": 0.5}))
    with pytest.raises(RunError, match=r"holds a run with other settings: optimizer\.lr was 0\.5, is now 0\.002"):
        go_on(outputs, "resume=inexact")


def test_a_run_of_an_earlier_version_goes_on(outputs: Path, whole_run: Path) -> None:
    as_written_before(outputs)
    done = go_on(outputs)
    assert done.status == "finished" and done.inexact == []
    assert_same_bits(model_arrays(done.folder / "model.keras"), model_arrays(whole_run / "model.keras"))


def test_a_run_of_an_earlier_version_without_its_run_json_is_refused(outputs: Path) -> None:
    as_written_before(outputs)
    (only_run(outputs) / "run.json").unlink()
    assert "what it was trained with is not recorded, since its run.json is gone. Try resume=inexact" in refusal(
        outputs
    )
    assert go_on(outputs, "resume=inexact").inexact == [
        "what it was trained with is not recorded, since its run.json is gone"
    ]


# --- the digest of a part's code ---

PLUGIN = {
    "thing/__init__.py": "",
    "thing/rule.py": "from . import helper\nfrom .base import Base\nimport loose, json\n\n\nclass Rule(Base): pass\n",
    "thing/helper.py": "def help():\n    from thing.late import LATE\n    return LATE\n",
    "thing/base.py": "class Base: pass\n",
    "thing/late.py": "LATE = 1\n",
    "thing/unused.py": "",
    "loose.py": "import other_loose\n",
    "other_loose.py": "",
}


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The files of a plugin with a package and a module beside it, on the path."""
    for name, text in PLUGIN.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    return tmp_path


def code_in_a_new_process() -> str:
    source.code_from.cache_clear()
    source._is_loose.cache_clear()
    try:
        return source.code_of(importlib.import_module("thing.rule").Rule)
    finally:
        for name in ("thing", "loose", "other_loose"):
            for module in [each for each in sys.modules if each.partition(".")[0] == name]:
                del sys.modules[module]


def test_an_edit_anywhere_in_what_a_part_imports_changes_its_digest(plugin: Path) -> None:
    first = code_in_a_new_process()
    assert code_in_a_new_process() == first
    for name, text in PLUGIN.items():
        (plugin / name).write_text(text + "\nEDITED = 1\n")
        assert (code_in_a_new_process() == first) == (name == "thing/unused.py"), name
        (plugin / name).write_text(text)


def test_what_runs_is_what_was_imported(plugin: Path) -> None:
    source.code_from.cache_clear()
    rule = importlib.import_module("thing.rule").Rule
    before = source.code_of(rule)
    (plugin / "thing/helper.py").write_text("raise SystemExit\n")
    assert source.code_of(rule) == before  # The edited file is not what this process has imported.


def test_what_a_distribution_needs_is_named_with_its_version() -> None:
    needed = source.needs_of("hydra-core")
    assert f"omegaconf {importlib.metadata.version('omegaconf')}" in needed.split(", ")
    assert "numpy" not in source.needs_of("keras") and source.needs_of("no such distribution") == ""
