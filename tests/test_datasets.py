"""The data sets other than CIFAR-10, and what all of them share."""

import hashlib
import subprocess
import sys
import types
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from omegaconf import OmegaConf
from PIL import Image

from annealkit.datasets import Auto, Cifar10, Dataset, Folder, KerasDataset, Synthetic, Toy, synthetic
from annealkit.errors import ConfigError, DataError

NAMES = {
    "auto": Auto,
    "cifar10": Cifar10,
    "synthetic": Synthetic,
    "folder": Folder,
    "keras": KerasDataset,
    "toy": Toy,
}
CONF = Path(__file__).parents[1] / "conf" / "data"


# All of them


@pytest.mark.parametrize("name", NAMES)
def test_yaml_and_dataclass_agree(name: str) -> None:
    values = OmegaConf.to_container(OmegaConf.load(CONF / f"{name}.yaml"))
    assert isinstance(values, dict)
    assert values.pop("defaults") == [f"schema/{name}@_here_", "_self_"]
    assert values == {field.name: field.default for field in fields(NAMES[name])}


def test_no_yaml_without_a_data_set() -> None:
    assert {file.stem for file in CONF.glob("*.yaml")} == set(NAMES)


@pytest.mark.parametrize("kind", NAMES.values())
@pytest.mark.parametrize(
    ("field", "value"),
    [("validation", -1), ("limit", 0), ("normalize", "yes"), ("crop", -1), ("cutout", -2)],
)
def test_every_data_set_checks_the_shared_fields(kind: type[Dataset], field: str, value: Any) -> None:
    with pytest.raises(ConfigError, match=field):
        kind(**{field: value})


def test_importing_and_loading_needs_no_tensorflow_and_no_keras() -> None:
    script = """
import sys
from annealkit.datasets import Synthetic, Toy
Toy().load()
Synthetic(limit=10, validation=0).load()
print([name for name in ("tensorflow", "keras", "requests") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# Synthetic


@pytest.fixture(scope="module")
def blots() -> synthetic.Images:
    return Synthetic(limit=4000, validation=0).load()


def test_synthetic_has_the_geometry_of_cifar10(blots: synthetic.Images) -> None:
    assert Synthetic().train_size() == Cifar10().train_size() == Auto().train_size() == 50_000
    assert blots.train_images.shape == blots.test_images.shape == (4000, 32, 32, 3)
    assert blots.train_images.dtype == np.uint8 and blots.train_labels.dtype == np.int32
    assert blots.train_images.flags.c_contiguous
    assert len(blots.class_names) == 10


def test_synthetic_is_pinned(blots: synthetic.Images) -> None:
    """The set is what results are compared on: it must not change with NumPy, the platform or the number of threads."""
    digest = hashlib.sha256()
    for array in (blots.train_images, blots.train_labels, blots.test_images, blots.test_labels):
        digest.update(array[:1200].tobytes())
    assert digest.hexdigest() == "396619bfb74b66868bb4bf7c481ace4e0bdefd5c79094d907be19e0913a88b33"


@pytest.mark.parametrize("limit", [1, 249, 250, 251])
def test_a_limit_makes_the_first_of_the_same_pictures(blots: synthetic.Images, limit: int) -> None:
    data = Synthetic(limit=limit, validation=30)
    images = data.load()
    assert data.train_size() == len(images.train_images) == limit + 30
    assert len(images.test_images) == limit
    assert np.array_equal(images.train_images, blots.train_images[: limit + 30])
    assert np.array_equal(images.train_labels, blots.train_labels[: limit + 30])
    assert np.array_equal(images.test_images, blots.test_images[:limit])


def test_a_limit_above_the_size_changes_nothing() -> None:
    assert Synthetic(limit=49_000).train_size() == 50_000


def test_another_seed_makes_another_set(blots: synthetic.Images) -> None:
    other = Synthetic(limit=100, validation=0, data_seed=1).load()
    assert not np.array_equal(other.train_labels, blots.train_labels[:100])
    assert not np.array_equal(synthetic._forms(0), synthetic._forms(1))
    with pytest.raises(ConfigError, match="data_seed"):
        Synthetic(data_seed=-1)


def test_no_picture_comes_twice(blots: synthetic.Images) -> None:
    both = np.concatenate([blots.train_images, blots.test_images]).reshape(8000, -1)
    assert len({picture.tobytes() for picture in both}) == 8000


def test_the_classes_are_balanced(blots: synthetic.Images) -> None:
    counts = np.bincount(blots.train_labels, minlength=10)
    # Binomial with n = 4000, p = 1/10: 400 on average with a standard deviation of 19.
    assert counts.min() > 320 and counts.max() < 480


def test_a_linear_model_is_left_with_guessing(blots: synthetic.Images) -> None:
    def features(images: np.ndarray) -> np.ndarray:
        half = images.reshape(-1, 16, 2, 16, 2, 3).mean(axis=(2, 4)).reshape(len(images), -1) / 255 - 0.5
        return np.hstack([half, np.ones((len(half), 1))])

    train, target = features(blots.train_images), np.eye(10)[blots.train_labels]
    weights = np.linalg.solve(train.T @ train + 10 * np.eye(train.shape[1]), train.T @ target)
    accuracy = ((features(blots.test_images) @ weights).argmax(axis=1) == blots.test_labels).mean()
    assert accuracy < 0.15


def test_who_knows_the_silhouettes_finds_the_labels(blots: synthetic.Images) -> None:
    """Each silhouette, mirrored or not, is laid over each picture at every place; the best fit names the class."""
    count = 400
    windows = np.lib.stride_tricks.sliding_window_view(synthetic._forms(0), (32, 32), axis=(1, 2))
    places = windows.astype(np.float32).reshape(30, -1, 32, 32)
    templates = np.stack([places, places[..., ::-1]], axis=1)
    templates -= templates.mean(axis=(-2, -1), keepdims=True)
    templates /= np.linalg.norm(templates, axis=(-2, -1), keepdims=True)
    pictures = blots.test_images[:count].astype(np.float32).transpose(0, 3, 1, 2).reshape(count * 3, -1)
    fit = (pictures @ templates.reshape(-1, 1024).T).reshape(count, 3, 10, -1)
    guess = np.square(fit).sum(axis=1).max(axis=-1).argmax(axis=-1)
    accuracy = (guess == blots.test_labels[:count]).mean()
    assert 0.6 < accuracy < 0.97


# Toy


def test_toy_is_the_articles_dummy_data() -> None:
    data = Toy()
    images = data.load()
    assert (data.validation, data.normalize) == (0, "none")
    assert data.train_size() == len(images.train_images) == 1000
    assert images.train_images.shape == (1000, 3) and images.test_images.shape == (100, 3)
    assert images.train_images.dtype == np.float32 and images.train_labels.dtype == np.int32
    assert images.train_images.min() >= 0 and images.train_images.max() < 1
    # A mean of 3,000 uniform numbers has a standard deviation of 0.0053.
    assert images.train_images.mean() == pytest.approx(0.5, abs=0.025)
    for features, label in zip(images.test_images.tolist(), images.test_labels.tolist(), strict=True):
        assert features[label] == max(features)
    assert set(images.train_labels.tolist()) == {0, 1, 2}
    assert len(images.class_names) == 3


def test_toy_depends_on_its_seed_only() -> None:
    assert np.array_equal(Toy().load().train_images, Toy().load().train_images)
    assert not np.array_equal(Toy(data_seed=1).load().train_images, Toy().load().train_images)
    with pytest.raises(ConfigError, match="data_seed"):
        Toy(data_seed=-1)


@pytest.mark.parametrize("option", [{"flip": True}, {"crop": 2}, {"cutout": 1}])
def test_toy_refuses_what_needs_pictures(option: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=next(iter(option))):
        Toy(**option)


# Folder


def write_picture(path: Path, colour: tuple[int, int, int], size: tuple[int, int] = (8, 6)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)


@pytest.fixture
def pets(tmp_path: Path) -> Path:
    """Two classes. Red tells the class (100 cat, 200 dog), green the part, blue the file."""
    for part, count in (("train", 10), ("test", 3)):
        for name, red in (("dog", 200), ("cat", 100)):
            for number in range(count):
                write_picture(tmp_path / part / name / f"{number}.png", (red, 50 if part == "test" else 0, number))
    return tmp_path


def told(images: synthetic.Images, part: str) -> set[tuple[int, int, int, int]]:
    pictures, labels = getattr(images, f"{part}_images"), getattr(images, f"{part}_labels")
    return {(*picture[0, 0].tolist(), label) for picture, label in zip(pictures, labels.tolist(), strict=True)}


def test_folder_reads_train_and_test(pets: Path) -> None:
    (pets / "train" / "cat" / "notes.txt").write_text("no picture")
    (pets / "train" / "cat" / "._0.png").write_text("left by a file manager")
    (pets / "train" / ".hidden").mkdir()
    data = Folder(path=str(pets))
    images = data.load()
    assert images.class_names == ["cat", "dog"]
    assert images.train_images.shape == (20, 6, 8, 3) and images.train_images.dtype == np.uint8
    assert images.train_labels.dtype == np.int32
    assert data.train_size() == 20
    assert told(images, "train") == {(100, 0, n, 0) for n in range(10)} | {(200, 0, n, 1) for n in range(10)}
    assert told(images, "test") == {(100, 50, n, 0) for n in range(3)} | {(200, 50, n, 1) for n in range(3)}


def test_folder_mixes_the_classes_so_that_a_limit_meets_all(pets: Path) -> None:
    labels = Folder(path=str(pets)).load().train_labels
    assert 0 < labels[:10].sum() < 10


def test_folder_sets_a_test_apart_where_there_is_none(pets: Path) -> None:
    for file in (pets / "test").rglob("*.png"):
        file.unlink()
    for folder in ("cat", "dog", "."):
        (pets / "test" / folder).rmdir()
    data = Folder(path=str(pets), test_fraction=0.3)
    images = data.load()
    assert data.train_size() == len(images.train_images) == 14
    assert np.bincount(images.test_labels).tolist() == [3, 3]
    both = told(images, "train") | told(images, "test")
    assert both == {(100, 0, n, 0) for n in range(10)} | {(200, 0, n, 1) for n in range(10)}
    assert "30%" in images.origin
    assert told(Folder(path=str(pets), test_fraction=0.3).load(), "test") == told(images, "test")


def test_folder_resizes(pets: Path) -> None:
    write_picture(pets / "train" / "cat" / "large.png", (100, 0, 77), (40, 30))
    images = Folder(path=str(pets), size=5).load()
    assert images.train_images.shape == (21, 5, 5, 3)
    assert (100, 0, 77, 0) in told(images, "train")


def test_folder_makes_rgb_of_grey_and_turns_pictures_upright(tmp_path: Path) -> None:
    for number in range(3):
        write_picture(tmp_path / "train" / "a" / f"{number}.png", (9, 9, 9), (4, 2))
    Image.new("L", (4, 2), 9).save(tmp_path / "train" / "a" / "grey.png")
    lying = Image.new("RGB", (2, 4), (9, 9, 9))
    exif = lying.getexif()
    exif[0x0112] = 6  # Orientation: turn a quarter clockwise to show it
    lying.save(tmp_path / "train" / "a" / "lying.png", exif=exif)
    for number in range(2):
        write_picture(tmp_path / "train" / "b" / f"{number}.png", (9, 9, 9), (4, 2))
    images = Folder(path=str(tmp_path), test_fraction=0.2).load()
    assert images.train_images.shape == (5, 2, 4, 3)
    assert (images.train_images == 9).all() and (images.test_images == 9).all()


def no_train(root: Path) -> tuple[str, ...]:
    (root / "train").rename(root / "training")
    return str(root / "train"), "PATH/train/<class>"


def no_class(root: Path) -> tuple[str, ...]:
    (root / "train").rename(root / "away")
    write_picture(root / "train" / "1.png", (0, 0, 0))
    return str(root / "train"), "no class folders"


def empty_class(root: Path) -> tuple[str, ...]:
    (root / "train" / "emu").mkdir()
    return str(root / "train" / "emu"), "remove"


def empty_test_class(root: Path) -> tuple[str, ...]:
    for file in (root / "test" / "dog").iterdir():
        file.unlink()
    return str(root / "test" / "dog"), "remove"


def strange_class(root: Path) -> tuple[str, ...]:
    write_picture(root / "test" / "emu" / "1.png", (0, 0, 0))
    return "emu", str(root / "train"), "cat, dog"


def text_as_picture(root: Path) -> tuple[str, ...]:
    (root / "train" / "cat" / "3.png").write_text("no picture")
    (root / "test" / "dog" / "1.png").write_text("no picture")
    return str(root / "train" / "cat" / "3.png"), str(root / "test" / "dog" / "1.png"), "remove"


def cut_picture(root: Path) -> tuple[str, ...]:
    file = root / "test" / "dog" / "2.png"
    Image.effect_noise((8, 6), 50).convert("RGB").save(file)
    file.write_bytes(file.read_bytes()[:-30])
    return str(file), "remove"


def deep_picture(root: Path) -> tuple[str, ...]:
    Image.fromarray(np.full((6, 8), 40_000, np.uint16)).save(root / "train" / "cat" / "deep.png")
    return "deep.png", "8 bits"


def other_size(root: Path) -> tuple[str, ...]:
    write_picture(root / "train" / "cat" / "4.png", (0, 0, 0), (9, 6))
    return "9x6", "8x6", "data.size="


@pytest.mark.parametrize(
    "fault",
    [
        no_train,
        no_class,
        empty_class,
        empty_test_class,
        strange_class,
        text_as_picture,
        cut_picture,
        deep_picture,
        other_size,
    ],
)
def test_folder_names_the_fault(pets: Path, fault: Callable[[Path], tuple[str, ...]]) -> None:
    words = fault(pets)
    with pytest.raises(DataError) as caught:
        Folder(path=str(pets)).load()
    for word in words:
        assert word in str(caught.value)


def test_folder_names_a_few_of_many_broken_pictures(pets: Path) -> None:
    for file in (pets / "train" / "cat").iterdir():
        file.write_text("no picture")
    with pytest.raises(DataError, match="And 5 more") as caught:
        Folder(path=str(pets)).load()
    assert str(caught.value).count("cannot be read") == 5


def test_folder_with_one_picture_in_a_class_cannot_set_a_test_apart(tmp_path: Path) -> None:
    write_picture(tmp_path / "train" / "cat" / "1.png", (0, 0, 0))
    write_picture(tmp_path / "train" / "dog" / "1.png", (0, 0, 0))
    write_picture(tmp_path / "train" / "dog" / "2.png", (0, 0, 0))
    with pytest.raises(DataError, match=r"'cat'.*too few"):
        Folder(path=str(tmp_path)).load()


def test_folder_counts_without_decoding(pets: Path) -> None:
    for file in pets.rglob("*.png"):
        file.write_text("no picture")
    assert Folder(path=str(pets)).train_size() == 20


def test_folder_without_a_path() -> None:
    with pytest.raises(ConfigError, match=r"data\.path="):
        Folder().load()


@pytest.mark.parametrize("values", [{"size": 0}, {"test_fraction": 0.0}, {"test_fraction": 1.0}])
def test_folder_checks_its_fields(values: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=next(iter(values))):
        Folder(path="somewhere", **values)


# Keras


def stand_in(monkeypatch: pytest.MonkeyPatch, name: str, load_data: Callable[[], object]) -> None:
    """A module `keras` that has one data set, so that no test waits for the true one or needs a network."""
    module = types.SimpleNamespace(datasets=types.SimpleNamespace(**{name: types.SimpleNamespace(load_data=load_data)}))
    monkeypatch.setitem(sys.modules, "keras", module)


def arrays(shape: tuple[int, ...]) -> Callable[[], object]:
    pictures = np.arange(np.prod(shape), dtype=np.int64).astype(np.uint8).reshape(shape)
    labels = np.arange(shape[0], dtype=np.uint8)
    return lambda: ((pictures, labels[:, None]), (pictures[:2], labels[:2]))


def test_keras_grey_pictures_get_a_channel_axis(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, "fashion_mnist", arrays((5, 28, 28)))
    images = KerasDataset().load()
    assert images.name == "fashion_mnist"
    assert images.train_images.shape == (5, 28, 28, 1) and images.test_images.shape == (2, 28, 28, 1)
    assert images.train_images[1, 0, 3, 0] == (784 + 3) % 256
    assert images.train_labels.tolist() == [0, 1, 2, 3, 4] and images.train_labels.dtype == np.int32


def test_keras_colour_pictures_become_contiguous(monkeypatch: pytest.MonkeyPatch) -> None:
    pictures = np.arange(2 * 3 * 32 * 32, dtype=np.int64).astype(np.uint8).reshape(2, 3, 32, 32).transpose(0, 2, 3, 1)
    labels = np.zeros((2, 1), np.uint8)
    stand_in(monkeypatch, "cifar100", lambda: ((pictures, labels), (pictures, labels)))
    images = KerasDataset(dataset="cifar100").load()
    assert images.train_images.flags.c_contiguous
    assert np.array_equal(images.train_images, pictures)
    assert len(images.class_names) == 100


def test_keras_offline_says_what_was_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> object:
        raise Exception("URL fetch failure on http://somewhere")

    stand_in(monkeypatch, "mnist", fail)
    with pytest.raises(DataError, match=r"mnist.*URL fetch failure on http://somewhere.*data=synthetic"):
        KerasDataset(dataset="mnist").load()


@pytest.mark.parametrize(
    ("dataset", "size", "classes"),
    [("mnist", 60_000, 10), ("fashion_mnist", 60_000, 10), ("cifar10", 50_000, 10), ("cifar100", 50_000, 100)],
)
def test_keras_sizes(monkeypatch: pytest.MonkeyPatch, dataset: str, size: int, classes: int) -> None:
    assert KerasDataset(dataset=dataset).train_size() == size
    stand_in(monkeypatch, dataset, arrays((5, 28, 28)))
    assert len(set(KerasDataset(dataset=dataset).load().class_names)) == classes


def test_keras_knows_four_sets() -> None:
    with pytest.raises(ConfigError, match="imdb"):
        KerasDataset(dataset="imdb")
