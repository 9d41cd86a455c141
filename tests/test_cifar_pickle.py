"""The reader of pickled CIFAR-10 batches, against files that were made to do harm and files that were damaged."""

import pickle
import struct
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from annealkit.datasets._cifar_pickle import PickleError, read_pickled_batch

PIXELS = np.arange(2 * 12, dtype=np.uint8).reshape(2, 12)
BATCH = {b"batch_label": b"a batch", b"labels": [3, 7], b"data": PIXELS, b"filenames": [b"one.png", b"two.png"]}
BEGIN_ARRAY = np.empty(0).__reduce__()[0]


class Call:
    """Pickled as a call of `function`."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.function, self.arguments = function, arguments

    def __reduce__(self) -> tuple[Any, ...]:
        return self.function, self.arguments


def over_memory() -> Call:
    """An array of objects, whose addresses are the bytes that it is given."""
    return Call(np.ndarray, (4,), np.dtype("O"), b"A" * 32)


@pytest.mark.parametrize("protocol", [3, 4])
@pytest.mark.parametrize("order", ["C", "F"])
def test_reads_what_python_3_writes(protocol: int, order: Any) -> None:
    content = pickle.dumps({**BATCH, b"data": np.array(PIXELS, order=order)}, protocol=protocol)
    batch = read_pickled_batch(content)
    assert np.array_equal(batch.pop(b"data"), PIXELS)
    assert batch == {key: value for key, value in BATCH.items() if key != b"data"}


HARMFUL: dict[str, tuple[bytes, str]] = {
    # NumPy, called with these, reads the addresses and ends the process.
    "an array over memory as a shape": (
        pickle.dumps(Call(BEGIN_ARRAY, np.ndarray, over_memory(), b"b")),
        "array of 'O8'",
    ),
    "an array over memory": (pickle.dumps({b"data": over_memory()}), "array of 'O8'"),
    "objects": (pickle.dumps({b"data": np.array([1, "a"], object)}, protocol=4), "array of 'O8'"),
    "a call of the type": (pickle.dumps(Call(np.ndarray, (2,), b"b")), "calls numpy.ndarray"),
    "other code": (pickle.dumps(Call(eval, "1")), "names builtins.eval"),
    "a place in memory far away": (b"\x80\x02}r\xff\xff\xff\xff(K\x01K\x02u.", "int in place of str or bytes"),
    "a length that no file has": (b"\x80\x04\x8e" + struct.pack("<Q", 2**62) + b"x.", "damaged"),
    "tuples in tuples as a key": (b"\x80\x02})" + b"\x85" * 200_000 + b"K\x01s.", "tuple in place of str or bytes"),
    "a shape far too large": (
        pickle.dumps({b"data": PIXELS}, protocol=4).replace(b"K\x02K\x0c\x86", b"J\xff\xff\xff\x7fK\x0c\x86"),
        "shape does not fit",
    ),
    "a persistent id": (b"\x80\x02K\x01Q.", "instruction BINPERSID"),
    "an extension": (b"\x80\x02\x82\x01.", "instruction EXT1"),
    "a mark as a value": (b"\x80\x02(.", "no dictionary"),
    "nothing": (b"", "damaged"),
}


@pytest.mark.parametrize("name", HARMFUL)
def test_refuses(name: str) -> None:
    content, words = HARMFUL[name]
    with pytest.raises(PickleError, match=words):
        read_pickled_batch(content)


def test_ten_thousand_damaged_files_are_read_or_refused() -> None:
    """In a process of its own with a gigabyte of memory: none ends it, or raises anything but a refusal."""
    script = f"""
import pickle, random, resource
import numpy as np
from annealkit.datasets._cifar_pickle import PickleError, read_pickled_batch
resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))
batch = {{b"labels": [3, 7], b"data": np.arange(24, dtype=np.uint8).reshape(2, 12), b"filenames": [b"one.png"] * 2}}
whole = [pickle.dumps(batch, protocol=protocol) for protocol in (3, 4)] + [{python_2_batch()!r}]
dice = random.Random(0)
read = refused = 0
for number in range(10_000):
    content = bytearray(whole[number % len(whole)])
    for _ in range(dice.randint(1, 4)):
        place, other = dice.randrange(len(content)), dice.randrange(len(content))
        match dice.randrange(5):
            case 0: content[place] = dice.randrange(256)
            case 1: content[place] ^= 1 << dice.randrange(8)
            case 2: del content[place:place + dice.randint(1, 8)]
            case 3: content[place:place] = content[other:other + dice.randint(1, 16)]
            case 4: content[place:place] = dice.randbytes(dice.randint(1, 5))
        content = content or bytearray(b".")
    try:
        found = read_pickled_batch(bytes(content))
        repr(found)
        read += 1
    except PickleError:
        refused += 1
print(read, refused)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    read, refused = map(int, done.stdout.split())
    assert read + refused == 10_000
    assert read > 100 and refused > 5_000  # the damage is neither always deadly nor always harmless


def python_2_batch() -> bytes:
    """As the official files are written: protocol 2, texts of bytes, NumPy's old module name."""

    def text(value: bytes) -> bytes:
        return b"U" + bytes([len(value)]) + value

    kind = b"cnumpy\ndtype\n" + text(b"u1") + b"K\x00K\x01\x87R(K\x03" + text(b"|")
    kind += b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    array = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85" + text(b"b") + b"\x87R"
    array += b"(K\x01K\x02K\x0c\x86" + kind + b"\x89" + text(PIXELS.tobytes()) + b"tb"
    return b"\x80\x02}(" + text(b"data") + array + text(b"labels") + b"](K\x03K\x07eu."


def test_reads_what_python_2_wrote() -> None:
    batch = read_pickled_batch(python_2_batch())
    assert np.array_equal(batch[b"data"], PIXELS) and batch[b"labels"] == [3, 7]
