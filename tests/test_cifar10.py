"""CIFAR-10: every form it comes in, every way it can be damaged, and the download."""

import functools
import hashlib
import http.server
import io
import os
import pickle
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from annealkit.configuration.composition import compose
from annealkit.configuration.plan import make_plan
from annealkit.datasets import Auto, Cifar10, cifar10
from annealkit.datasets import _cifar_formats as cifar_formats
from annealkit.errors import DataError
from annealkit.plugin_system.registry import load_registry

RECORDS = 20  # in each batch, in place of 10,000
BATCHES = ["data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "test_batch"]


@pytest.fixture(autouse=True)
def small_and_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small batches, empty caches, no network and no waiting."""
    monkeypatch.setattr(cifar_formats, "RECORDS", RECORDS)
    monkeypatch.setenv("ANNEALKIT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(cifar10, "URL", "http://127.0.0.1:9/cifar-10-binary.tar.gz")
    monkeypatch.setattr(cifar10, "download", functools.partial(cifar10.download, pause=0.0))


# The layouts, written from their description and independently of the code that reads them.


def batch_labels(batch: int) -> list[int]:
    return [(batch + record) % 10 for record in range(RECORDS)]


def pixel(batch: int, record: int, row: int, column: int, channel: int) -> int:
    return (97 * batch + 31 * record + 7 * row + 3 * column + 85 * channel) % 256


def batch_pixels(batch: int, record: int) -> bytes:
    """All red, all green, all blue; each row by row."""
    places = [(row, column) for row in range(32) for column in range(32)]
    return bytes(pixel(batch, record, row, column, channel) for channel in range(3) for row, column in places)


@pytest.fixture(scope="module")
def binary_files() -> dict[str, bytes]:
    return {
        f"{name}.bin": b"".join(
            bytes([label]) + batch_pixels(batch, record) for record, label in enumerate(batch_labels(batch))
        )
        for batch, name in enumerate(BATCHES)
    }


@pytest.fixture(scope="module")
def python_files() -> dict[str, bytes]:
    return {
        name: pickle.dumps(
            {
                b"batch_label": b"a batch",
                b"labels": batch_labels(batch),
                b"data": np.array([list(batch_pixels(batch, record)) for record in range(RECORDS)], np.uint8),
                b"filenames": [b"some.png"] * RECORDS,
            },
            protocol=4,
        )
        for batch, name in enumerate(BATCHES)
    }


def write_folder(folder: Path, files: dict[str, bytes]) -> Path:
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def write_archive(path: Path, files: dict[str, bytes], inside: str = "cifar-10-batches-bin") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz", compresslevel=1) as archive:
        for name, content in {"readme.html": b"<html>", **files}.items():
            member = tarfile.TarInfo(f"{inside}/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def check(images: cifar10.Images) -> None:
    assert images.name == "cifar10"
    assert images.train_images.shape == (5 * RECORDS, 32, 32, 3)
    assert images.test_images.shape == (RECORDS, 32, 32, 3)
    for part, first_batch in (("train", 0), ("test", 5)):
        pictures, labels = getattr(images, f"{part}_images"), getattr(images, f"{part}_labels")
        assert pictures.dtype == np.uint8 and labels.dtype == np.int32
        assert pictures.flags.c_contiguous
        for number in range(0, len(pictures), 7):
            batch, record = first_batch + number // RECORDS, number % RECORDS
            assert labels[number] == (batch + record) % 10
            for row, column, channel in ((0, 0, 0), (31, 5, 1), (4, 30, 2)):
                assert pictures[number, row, column, channel] == pixel(batch, record, row, column, channel)


# Every form that `data.path` takes.


def test_reads_the_folder_of_bin_files(tmp_path: Path, binary_files: dict[str, bytes]) -> None:
    check(Cifar10(path=str(write_folder(tmp_path / "mine", binary_files))).load())


def test_reads_the_folder_around_the_unpacked_one(tmp_path: Path, binary_files: dict[str, bytes]) -> None:
    write_folder(tmp_path / "downloads" / "cifar-10-batches-bin", binary_files)
    check(Cifar10(path=str(tmp_path / "downloads")).load())


def test_reads_the_binary_archive_and_unpacks_nothing(tmp_path: Path, binary_files: dict[str, bytes]) -> None:
    archive = write_archive(tmp_path / "mine" / "cifar-10-binary.tar.gz", binary_files)
    check(Cifar10(path=str(archive)).load())
    assert [file for file in tmp_path.rglob("*") if file.is_file()] == [archive]


def test_the_order_of_members_does_not_matter(tmp_path: Path, binary_files: dict[str, bytes]) -> None:
    backwards = dict(reversed(binary_files.items()))
    check(Cifar10(path=str(write_archive(tmp_path / "a.tar.gz", backwards))).load())


def test_reads_keras_folder_and_archive(tmp_path: Path, python_files: dict[str, bytes]) -> None:
    check(Cifar10(path=str(write_folder(tmp_path / "mine", python_files))).load())
    check(Cifar10(path=str(write_archive(tmp_path / "a", python_files, "cifar-10-batches-py"))).load())


def test_reads_batches_as_python_2_pickled_them(tmp_path: Path) -> None:
    """The official files come from Python 2: protocol 2, `str` keys and NumPy's old module name."""

    def text(value: bytes) -> bytes:
        return b"U" + bytes([len(value)]) + value

    def batch(number: int) -> bytes:
        pixels = b"".join(batch_pixels(number, record) for record in range(RECORDS))
        dtype = b"cnumpy\ndtype\n" + text(b"u1") + b"K\x00K\x01\x87R(K\x03" + text(b"|")
        dtype += b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
        array = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85" + text(b"b") + b"\x87R"
        array += b"(K\x01K" + bytes([RECORDS]) + b"M\x00\x0c\x86" + dtype + b"\x89"
        array += b"T" + len(pixels).to_bytes(4, "little") + pixels + b"tb"
        labels = b"](" + b"".join(b"K" + bytes([label]) for label in batch_labels(number)) + b"e"
        return b"\x80\x02}(" + text(b"data") + array + text(b"labels") + labels + b"u."

    files = {name: batch(number) for number, name in enumerate(BATCHES)}
    check(Cifar10(path=str(write_folder(tmp_path / "mine", files))).load())


# Every way in which a path can be wrong.


def refused(path: Path, *words: str) -> None:
    with pytest.raises(DataError) as caught:
        Cifar10(path=str(path)).load()
    for word in (path.name, *words):
        assert word in str(caught.value)


def test_refuses_a_path_where_nothing_is(tmp_path: Path) -> None:
    refused(tmp_path / "nowhere", "nothing")


def test_refuses_a_folder_that_lacks_a_batch(tmp_path: Path, binary_files: dict[str, bytes]) -> None:
    files = {name: content for name, content in binary_files.items() if name != "data_batch_3.bin"}
    refused(write_folder(tmp_path / "mine", files), "lacks data_batch_3.")


@pytest.mark.parametrize("change", [lambda b: b[:-1], lambda b: b[:-3073], lambda b: b + bytes(3073)])
def test_refuses_a_batch_of_the_wrong_length(
    tmp_path: Path, binary_files: dict[str, bytes], change: Callable[[bytes], bytes]
) -> None:
    files = binary_files | {"test_batch.bin": change(binary_files["test_batch.bin"])}
    refused(write_folder(tmp_path / "mine", files), "test_batch.bin", f"{RECORDS * 3073:,}")


def test_refuses_a_label_above_nine(tmp_path: Path, binary_files: dict[str, bytes]) -> None:
    content = bytearray(binary_files["data_batch_2.bin"])
    content[4 * 3073] = 10
    files = binary_files | {"data_batch_2.bin": bytes(content)}
    refused(write_folder(tmp_path / "mine", files), "data_batch_2.bin", "record 4 has 10")


@pytest.mark.parametrize("keep", [0, 40, 1000, -9])
def test_refuses_an_archive_cut_short(tmp_path: Path, binary_files: dict[str, bytes], keep: int) -> None:
    archive = write_archive(tmp_path / "cut.tar.gz", binary_files)
    archive.write_bytes(archive.read_bytes()[:keep])
    refused(archive)


def test_refuses_a_given_archive_whose_end_does_not_match_its_content(
    tmp_path: Path, binary_files: dict[str, bytes]
) -> None:
    archive = write_archive(tmp_path / "changed.tar.gz", binary_files)
    content = bytearray(archive.read_bytes())
    content[-6] ^= 1  # in gzip's checksum
    archive.write_bytes(content)
    refused(archive, "damaged")


@pytest.mark.parametrize("form", ["gz", "bz2", "xz", ""])
def test_a_damaged_archive_of_any_form_is_refused_or_read(
    tmp_path: Path, binary_files: dict[str, bytes], form: str
) -> None:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode=f"w:{form}") as archive:
        for name, batch in binary_files.items():
            member = tarfile.TarInfo(name)
            member.size = len(batch)
            archive.addfile(member, io.BytesIO(batch))
    whole, refusals, path = content.getvalue(), 0, tmp_path / "mine.tar"
    for place in range(20, len(whole), len(whole) // 40):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        try:
            Cifar10(path=str(path)).load()
        except DataError:
            refusals += 1
    assert refusals >= (30 if form else 0)  # without compression nothing tells of a changed pixel


def test_refuses_a_file_that_is_no_archive(tmp_path: Path) -> None:
    page = tmp_path / "page.tar.gz"
    page.write_bytes(b"<html>404</html>" * 100)
    refused(page, "no tar archive")


def test_refuses_a_pickle_that_names_code(tmp_path: Path, python_files: dict[str, bytes]) -> None:
    class Evil:
        def __reduce__(self) -> tuple[object, ...]:
            return os.mkdir, (str(tmp_path / "owned"),)

    files = python_files | {"data_batch_1": pickle.dumps({b"data": Evil(), b"labels": []}, protocol=4)}
    refused(write_folder(tmp_path / "mine", files), "mkdir", "data_batch_1")
    assert not (tmp_path / "owned").exists()
    pickle.loads(files["data_batch_1"])  # the ordinary unpickler does run it, so this test can fail
    assert (tmp_path / "owned").exists()


@pytest.mark.parametrize(
    "batch",
    [
        [1, 2],
        {b"data": np.zeros((RECORDS, 3072), np.uint8)},
        {b"data": np.zeros((RECORDS, 3072), np.float32), b"labels": [0] * RECORDS},
        {b"data": np.zeros((RECORDS, 3071), np.uint8), b"labels": [0] * RECORDS},
        {b"data": np.zeros((RECORDS, 3072), np.uint8), b"labels": [0] * (RECORDS - 1)},
        {b"data": np.zeros((RECORDS, 3072), np.uint8), b"labels": ["0"] * RECORDS},
        {b"data": np.zeros((RECORDS, 3072), np.uint8), b"labels": [-1] * RECORDS},
    ],
)
def test_refuses_a_python_batch_of_the_wrong_structure(
    tmp_path: Path, python_files: dict[str, bytes], batch: object
) -> None:
    files = python_files | {"test_batch": pickle.dumps(batch, protocol=4)}
    refused(write_folder(tmp_path / "mine", files), "test_batch", "labels")


def test_refuses_a_python_batch_cut_short(tmp_path: Path, python_files: dict[str, bytes]) -> None:
    files = python_files | {"test_batch": python_files["test_batch"][:-100]}
    refused(write_folder(tmp_path / "mine", files), "test_batch")


# The cache and the download.


class Server:
    """A loopback server of one file. `breaks` answers stop half-way before it sends the file whole."""

    def __init__(self, content: bytes, breaks: int = 0, delay: float = 0.0) -> None:
        self.requests = 0
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.requests += 1
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                half = len(content) // 2
                self.wfile.write(content[:half])
                if outer.requests > breaks:
                    time.sleep(delay)
                    self.wfile.write(content[half:])

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/cifar-10-binary.tar.gz"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Server]]:
    servers = []

    def start(content: bytes, sha256: str | None = None, breaks: int = 0, delay: float = 0.0) -> Server:
        servers.append(Server(content, breaks, delay))
        monkeypatch.setattr(cifar10, "URL", servers[-1].url)
        monkeypatch.setattr(cifar10, "SHA256", sha256 or hashlib.sha256(content).hexdigest())
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def archive(tmp_path: Path, binary_files: dict[str, bytes]) -> bytes:
    path = write_archive(tmp_path / "made.tar.gz", binary_files)
    content = path.read_bytes()
    path.unlink()
    return content


def contents(folder: Path) -> list[str]:
    return sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file())


CACHED = [f"cifar10/{part}_{kind}.npy" for part in ("test", "train") for kind in ("images", "labels")]


def test_downloads_once_then_maps_the_cache(tmp_path: Path, serve: Callable[..., Server], archive: bytes) -> None:
    server = serve(archive)
    check(Cifar10().load())
    images = Cifar10().load()
    check(images)
    assert server.requests == 1
    assert isinstance(images.train_images, np.memmap)
    assert not images.train_images.flags.writeable
    assert [name for name in contents(tmp_path / "cache") if not name.endswith(".lock")] == CACHED


def test_tries_again_when_the_connection_breaks(serve: Callable[..., Server], archive: bytes) -> None:
    server = serve(archive, breaks=2)
    check(Cifar10().load())
    assert server.requests == 3


def test_gives_up_after_the_attempts_and_leaves_nothing(
    tmp_path: Path, serve: Callable[..., Server], archive: bytes
) -> None:
    server = serve(archive, breaks=100)
    with pytest.raises(DataError, match=r"4 attempts"):
        Cifar10().load()
    assert server.requests == 4
    assert [name for name in contents(tmp_path / "cache") if not name.endswith(".lock")] == []


def test_refuses_a_download_with_one_changed_byte(tmp_path: Path, serve: Callable[..., Server], archive: bytes) -> None:
    changed = bytearray(archive)
    changed[len(changed) // 2] ^= 1
    serve(bytes(changed), sha256=hashlib.sha256(archive).hexdigest())
    with pytest.raises(DataError, match="sha256"):
        Cifar10().load()
    assert [name for name in contents(tmp_path / "cache") if not name.endswith(".lock")] == []


@pytest.mark.parametrize("damage", [lambda b: b[:-1], lambda b: b[:100] + bytes([b[100] ^ 1]) + b[101:]])
def test_refuses_a_damaged_archive_in_the_cache_and_leaves_it(
    tmp_path: Path, serve: Callable[..., Server], archive: bytes, damage: Callable[[bytes], bytes]
) -> None:
    server = serve(archive)
    kept = tmp_path / "cache" / "cifar-10-binary.tar.gz"
    kept.parent.mkdir()
    kept.write_bytes(damage(archive))
    with pytest.raises(DataError, match="sha256"):
        Cifar10().load()
    assert kept.read_bytes() == damage(archive)
    assert server.requests == 0


def test_uses_a_whole_archive_in_the_cache_and_leaves_it(
    tmp_path: Path, serve: Callable[..., Server], archive: bytes
) -> None:
    server = serve(archive)
    kept = tmp_path / "cache" / "cifar-10-binary.tar.gz"
    kept.parent.mkdir()
    kept.write_bytes(archive)
    check(Cifar10().load())
    assert server.requests == 0
    assert kept.exists()


@pytest.mark.parametrize("damage", ["cut", "gone", "other", "zip", "no zip", "header"])
def test_a_cache_that_is_not_whole_is_filled_again(
    tmp_path: Path, serve: Callable[..., Server], archive: bytes, damage: str
) -> None:
    server = serve(archive)
    Cifar10().load()
    file = tmp_path / "cache" / "cifar10" / "train_images.npy"
    if damage == "cut":
        file.write_bytes(file.read_bytes()[:-1])
    elif damage == "gone":
        file.unlink()
    elif damage == "zip":
        with file.open("wb") as archive_of_arrays:
            np.savez(archive_of_arrays, images=np.zeros(3))
    elif damage == "no zip":
        file.write_bytes(b"PK\3\4" + file.read_bytes()[4:])
    elif damage == "header":
        file.write_bytes(file.read_bytes().replace(b"}", b"{", 1))
    else:
        np.save(file, np.zeros((3, 32, 32, 3), np.uint8))
    check(Cifar10().load())
    assert server.requests == 2


def test_two_processes_download_once(tmp_path: Path, serve: Callable[..., Server], archive: bytes) -> None:
    server = serve(archive, delay=2.0)
    script = f"""
from annealkit.datasets import Cifar10, cifar10, _cifar_formats as cifar_formats
cifar_formats.RECORDS, cifar10.URL, cifar10.SHA256 = {RECORDS}, {server.url!r}, {cifar10.SHA256!r}
print(len(Cifar10().load().train_images))
"""
    command = [sys.executable, "-c", script]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True) for _ in range(2)]
    try:
        assert [process.communicate(timeout=40)[0].strip() for process in processes] == [str(5 * RECORDS)] * 2
    finally:
        for process in processes:
            process.kill()
    assert server.requests == 1


def test_a_read_only_cache_that_is_full_needs_no_lock(
    tmp_path: Path, serve: Callable[..., Server], archive: bytes
) -> None:
    serve(archive)
    Cifar10().load()
    cache = tmp_path / "cache"
    (cache / "cifar10.lock").unlink(missing_ok=True)
    check(Cifar10().load())
    assert contents(cache) == CACHED


def test_offline_says_what_was_tried_and_the_ways_out(tmp_path: Path) -> None:
    started = time.monotonic()
    with pytest.raises(DataError) as caught:
        Cifar10().load()
    assert time.monotonic() - started < 10
    message = str(caught.value)
    for word in (
        "http://127.0.0.1:9/",
        "refused",
        str(tmp_path / "cache" / "cifar10"),
        str(tmp_path / "keras" / "datasets" / "cifar-10-batches-py"),
        "data.path=",
        "data=synthetic",
        "ANNEALKIT_CACHE",
    ):
        assert word in message


@pytest.mark.parametrize("name", ["cifar-10-batches-py-target/cifar-10-batches-py", "cifar-10-batches-py"])
def test_finds_the_folder_that_keras_unpacked(tmp_path: Path, python_files: dict[str, bytes], name: str) -> None:
    write_folder(tmp_path / "keras" / "datasets" / name, python_files)
    images = Cifar10().load()
    check(images)
    assert "keras" in images.origin


@pytest.mark.parametrize("name", ["cifar-10-batches-py-target_archive", "cifar-10-batches-py.tar.gz"])
def test_finds_the_archive_that_keras_kept(tmp_path: Path, python_files: dict[str, bytes], name: str) -> None:
    write_archive(tmp_path / "keras" / "datasets" / name, python_files, "cifar-10-batches-py")
    check(Cifar10().load())


def test_a_broken_keras_copy_does_not_stop_the_download(
    tmp_path: Path, serve: Callable[..., Server], archive: bytes, python_files: dict[str, bytes]
) -> None:
    server = serve(archive)
    write_folder(tmp_path / "keras" / "datasets" / "cifar-10-batches-py", {"data_batch_1": b""})
    check(Cifar10().load())
    assert server.requests == 1


def test_a_cache_folder_that_cannot_be_made_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("ANNEALKIT_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(DataError, match="ANNEALKIT_CACHE"):
        Cifar10().load()


# data=auto


def test_auto_takes_cifar10_where_it_can(
    serve: Callable[..., Server], archive: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    serve(archive)
    with caplog.at_level("WARNING", logger="annealkit"):
        check(Auto(validation=0).load())
    assert not caplog.records


def test_auto_falls_back_loudly(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("WARNING", logger="annealkit"):
        images = Auto(validation=0, limit=50).load()
    assert images.name == "synthetic"
    assert images.train_images.shape == (50, 32, 32, 3)
    assert "CIFAR-10" in images.origin
    [record] = caplog.records
    assert record.levelname == "WARNING"
    for word in ("SYNTHETIC", "refused", "data.path="):
        assert word in record.getMessage()


def test_auto_with_a_limit_has_as_many_images_as_planned() -> None:
    """The plan is made for CIFAR-10; what is fallen back to has no more images than the limit asks for."""
    from annealkit.training.splits import load_splits  # this imports TensorFlow

    registry = load_registry()
    plan = make_plan(compose(["data=auto", "data.limit=50", "data.validation=20", "model=mlp"], registry), registry)
    splits = load_splits(plan, reuse_data=False)
    assert splits.images.name == "synthetic"
    assert (len(splits.train), len(splits.validation), len(splits.test)) == (50, 20, 50)


def test_refuses_a_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    refused(tmp_path / "pipe", "neither a folder nor a file")
