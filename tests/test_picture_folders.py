"""data=folder: which files are read and which are said not to be, sets of their own, and the split by class."""

import logging
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from annealkit import train
from annealkit.configuration.plan import training_images
from annealkit.datasets import Folder, Synthetic
from annealkit.datasets import _pictures as pictures
from annealkit.datasets._memory import available_memory
from annealkit.errors import ConfigError, DataError
from annealkit.training.drawing import draw_by_class
from annealkit.training.splits import Splits, split


def write_pictures(folder: Path, count: int, shade: int = 0) -> None:
    """Pictures of 4 x 4 pixels, all different."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        Image.new("RGB", (4, 4), (shade, number, 7)).save(folder / f"{number:03}.png")


@pytest.fixture
def pets(tmp_path: Path) -> Path:
    write_pictures(tmp_path / "train" / "cat", 10, 100)
    write_pictures(tmp_path / "train" / "dog", 10, 200)
    return tmp_path


def said(caplog: pytest.LogCaptureFixture, load: Callable[[], object]) -> list[str]:
    caplog.clear()
    with caplog.at_level(logging.INFO, logger="annealkit"):
        load()
    return [record.getMessage() for record in caplog.records]


# What is read and what is not


def test_a_pipe_does_not_stop_it(pets: Path, caplog: pytest.LogCaptureFixture) -> None:
    os.mkfifo(pets / "train" / "cat" / "pipe.png")
    data = Folder(path=str(pets))
    assert data.train_size() == 18
    assert said(caplog, data.load) == [f"{pets}: not read: 1 that is no file, as a pipe."]


def test_what_is_not_read_is_said_in_one_line_with_counts(pets: Path, caplog: pytest.LogCaptureFixture) -> None:
    for name in ("a.heic", "b.HEIC", "notes.txt", "LICENSE", ".hidden.txt"):
        (pets / "train" / "cat" / name).touch()
    write_pictures(pets / "train" / "dog" / "poodle" / "small", 3)
    write_pictures(pets / "train", 2)
    write_pictures(pets / "validation" / "cat", 1)
    (pets / "test").mkdir()
    write_pictures(pets / "test" / "cat", 2, 101)
    write_pictures(pets / "test" / "dog", 2, 201)
    (pets / "test" / "list.csv").touch()
    assert said(caplog, Folder(path=str(pets)).load) == [
        f"{pets}: not read: 2 files ending in .heic (convert to .jpg), 1 file without an ending, "
        "1 file ending in .txt, 3 files in folders within class folders, 3 files beside the class folders, "
        "the folder validation/ (val/ would be)."
    ]


def test_nothing_is_said_where_all_is_read(pets: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert said(caplog, Folder(path=str(pets)).load) == []


@pytest.mark.parametrize("ending", [".jfif", ".jpe", ".avif"])
def test_other_names_of_pictures_are_read(pets: Path, ending: str) -> None:
    form = "AVIF" if ending == ".avif" else "JPEG"
    Image.new("RGB", (4, 4)).save(pets / "train" / "cat" / f"phone{ending}", format=form)
    assert len(Folder(path=str(pets), test_fraction=0.1).load().train_images) == 19


def test_a_class_whose_pictures_lie_deeper_is_refused_and_told_why(pets: Path) -> None:
    write_pictures(pets / "train" / "bird" / "owl", 4)
    with pytest.raises(DataError, match=r"no pictures in .*bird .*not read: 4 files in folders within class folders"):
        Folder(path=str(pets)).train_size()


def test_one_class_is_refused(tmp_path: Path) -> None:
    write_pictures(tmp_path / "train" / "cat", 5)
    with pytest.raises(DataError, match=r"one class, 'cat'.*Add a folder with pictures of another"):
        Folder(path=str(tmp_path)).train_size()


def test_a_folder_that_cannot_be_listed_is_named(pets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(folder: Path) -> list[Path]:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(DataError, match=r"train cannot be read \(Permission denied\)"):
        Folder(path=str(pets)).train_size()


# Sets of their own


def test_pictures_of_val_are_the_validation_images(pets: Path) -> None:
    write_pictures(pets / "val" / "cat", 3, 110)
    write_pictures(pets / "val" / "dog", 2, 210)
    data = Folder(path=str(pets), test_fraction=0.2)
    images = data.load()
    assert (data.train_size(), data.validation_size(), images.own_validation) == (21, 5, 5)
    assert "validation pictures from val/" in images.origin
    for seed in (0, 1):
        made = split(images, data, seed)
        assert sorted(made.images.train_images[made.validation][:, 0, 0, 0].tolist()) == [110, 110, 110, 210, 210]
        assert sorted(set(made.images.train_images[made.train][:, 0, 0, 0].tolist())) == [100, 200]
        assert len(made.train) == 16


def test_without_validation_val_is_not_read(pets: Path, caplog: pytest.LogCaptureFixture) -> None:
    write_pictures(pets / "val" / "cat", 3, 110)
    data = Folder(path=str(pets), validation=0)
    assert (data.train_size(), data.validation_size()) == (18, 0)
    assert said(caplog, data.load) == [f"{pets}: not read: the folder val/ (data.validation is 0)."]


def test_a_strange_class_in_val_is_refused(pets: Path) -> None:
    write_pictures(pets / "val" / "emu", 3)
    with pytest.raises(DataError, match=r"val has the classes emu, which .*train lacks; it has cat, dog"):
        Folder(path=str(pets)).train_size()


def test_a_class_that_is_not_tested_is_said(pets: Path, caplog: pytest.LogCaptureFixture) -> None:
    write_pictures(pets / "test" / "cat", 2, 101)
    write_pictures(pets / "val" / "dog", 2, 201)
    assert said(caplog, Folder(path=str(pets)).load) == [
        f"{pets}: val/ has no pictures of cat.",
        f"{pets}: test/ has no pictures of dog.",
    ]


def test_test_pictures_that_are_trained_on_are_said(pets: Path, caplog: pytest.LogCaptureFixture) -> None:
    write_pictures(pets / "test" / "cat", 10, 100)
    write_pictures(pets / "test" / "dog", 2, 201)
    assert said(caplog, Folder(path=str(pets)).load) == [
        f"{pets}: 10 of 12 test pictures are among the training pictures too, pixel for pixel."
    ]


# The split by class


def uneven(root: Path, *counts: int) -> tuple[Folder, Path]:
    for number, count in enumerate(counts):
        write_pictures(root / "train" / f"class {number}", count, number)
        write_pictures(root / "test" / f"class {number}", 1, 100 + number)
    return Folder(path=str(root), validation=0), root


def counts_of(made: Splits) -> tuple[list[int], list[int]]:
    labels, classes = made.images.train_labels, len(made.images.class_names)
    return (
        np.bincount(labels[made.train], minlength=classes).tolist(),
        np.bincount(labels[made.validation], minlength=classes).tolist(),
    )


def test_each_class_is_validated_and_trained_on(tmp_path: Path) -> None:
    uneven(tmp_path, 80, 16, 2)
    chosen = []
    for seed in range(5):
        data = Folder(path=str(tmp_path), validation=12)
        made = split(data.load(), data, seed)
        # 12 of 98 are 9.8, 2.0 and 0.2: of the last class one all the same, for which the first gives way.
        assert counts_of(made) == ([71, 14, 1], [9, 2, 1])
        assert not set(made.train) & set(made.validation)
        chosen.append(tuple(made.validation))
    assert len(set(chosen)) == 5


def test_a_limit_takes_of_each_class(tmp_path: Path) -> None:
    uneven(tmp_path, 80, 16, 2)
    data = Folder(path=str(tmp_path), validation=12, limit=8)
    assert counts_of(split(data.load(), data, 0)) == ([6, 1, 1], [6, 1, 1])


def test_validation_that_leaves_a_class_nothing_is_refused_in_the_plan(tmp_path: Path) -> None:
    uneven(tmp_path, 6, 6, 2)
    assert training_images(Folder(path=str(tmp_path), validation=11), 14) == (3, 11)
    data = Folder(path=str(tmp_path), validation=11)
    assert counts_of(split(data.load(), data, 0))[0] == [1, 1, 1]
    with pytest.raises(
        ConfigError, match=r"validation=12 does not leave a picture of each of the 3 classes.*Try .*=1,"
    ):
        training_images(Folder(path=str(tmp_path), validation=12), 14)


def test_drawing_by_class_is_in_proportion() -> None:
    dice = np.random.default_rng(0)
    for _ in range(300):
        sizes = dice.integers(0, 30, dice.integers(1, 8))
        labels = np.repeat(np.arange(len(sizes)), sizes).astype(np.int32)
        order = dice.permutation(len(labels))
        count, spare = int(dice.integers(0, len(labels) + 1)), int(dice.integers(0, 2))
        drawn, left = draw_by_class(order, labels, count, spare)
        assert len(drawn) == count and sorted([*drawn, *left]) == list(range(len(labels)))
        taken = np.bincount(labels[drawn], minlength=len(sizes))
        able = np.maximum(sizes - spare, 0)
        if count <= able.sum():
            assert (taken <= able).all()
            if count >= np.count_nonzero(able):
                assert (taken[able > 0] > 0).all()
        if spare == 0 and count >= len(sizes) and sizes.min() * count >= len(labels):
            assert (np.abs(taken - sizes * count / len(labels)) < 1).all()


def test_the_split_of_other_sets_is_as_it_was() -> None:
    """By seed alone, from the numbers that runs are compared by."""
    data = Synthetic(limit=40, validation=10)
    made = split(data.load(), data, 3)
    order = np.random.default_rng([3, 0x5B117]).permutation(50)
    assert made.validation.tolist() == sorted(order[:10]) and made.train.tolist() == sorted(order[10:])


def test_a_run_with_a_folder_of_its_own_for_validation(pets: Path, tmp_path: Path) -> None:
    write_pictures(pets / "val" / "cat", 3, 110)
    write_pictures(pets / "val" / "dog", 2, 210)
    words = ["data=folder", f"data.path={pets}", "model=mlp", "trainer.epochs=1", "trainer.batch_size=4"]
    result = train([*words, f"outputs={tmp_path / 'out'}"])
    assert result.status == "finished"
    assert "val_accuracy" in result.history[0]


# Memory


def test_memory_is_estimated_before_it_is_filled(pets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # 20 pictures of 4 x 4 x 3 bytes, twice: 1,920 bytes.
    monkeypatch.setattr(pictures, "available_memory", lambda: 1919)
    with pytest.raises(DataError, match=r"20 pictures of 4x4 pixels need .* GiB of memory.*Try data\.size=2,"):
        Folder(path=str(pets)).load()
    monkeypatch.setattr(pictures, "available_memory", lambda: 1920)
    assert len(Folder(path=str(pets)).load().train_images) == 18
    monkeypatch.setattr(pictures, "available_memory", lambda: None)
    assert len(Folder(path=str(pets)).load().train_images) == 18


def test_available_memory_is_a_part_of_what_the_machine_has() -> None:
    left = available_memory()
    if left is not None:
        assert 0 < left <= os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
