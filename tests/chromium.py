"""Headless Chromium: where it is, its flags, and a page driven by the DevTools protocol over a pipe."""

import base64
import fcntl
import json
import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

from helpers import end_process

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions",
)  # fmt: skip


class Chromium:
    """One page.

    Args:
        profile: a folder for its profile, made if it is not there.
        width: of the page, in pixels.
        height: of the page, in pixels.
    """

    def __init__(self, profile: Path, width: int, height: int) -> None:
        assert CHROMIUM is not None
        # Chromium reads commands from descriptor 3 and answers on descriptor 4; ends above 9 are never one of them.
        read, self._commands = os.pipe()
        answers, write = os.pipe()
        ends = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in (read, write)]

        def connect() -> None:
            for descriptor, end in zip((3, 4), ends, strict=True):
                os.dup2(end, descriptor)

        self._process = subprocess.Popen(
            [CHROMIUM, *FLAGS, f"--user-data-dir={profile}", "--remote-debugging-pipe", "about:blank"],
            preexec_fn=connect, close_fds=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        for end in (read, write, *ends):
            os.close(end)
        self._answers = os.fdopen(answers, "rb")
        self._received = b""
        self._count = 0
        self._session: dict[str, str] = {}
        self._awaited: set[str] = set()
        [target] = [one for one in self._call("Target.getTargets")["targetInfos"] if one["type"] == "page"]
        attached = self._call("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        self._session = {"sessionId": attached["sessionId"]}
        self._call("Network.enable")
        self._call("Page.enable")
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self._call("Emulation.setDeviceMetricsOverride", **size)

    def before_each_page(self, script: str) -> None:
        """Run the script in every page before its own."""
        self._call("Page.addScriptToEvaluateOnNewDocument", source=script)

    def open(self, address: str) -> None:
        self._call("Page.navigate", url=address)

    def value(self, expression: str) -> Any:
        """The JSON value of a JavaScript expression."""
        answer = self._call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def wait_for(self, expression: str, seconds: float = 120) -> None:
        """Until the JavaScript expression holds."""
        deadline = time.monotonic() + seconds
        while not self.value(expression):
            assert time.monotonic() < deadline, f"not within {seconds} s: {expression}"
            time.sleep(0.2)

    def settled_picture(self, seconds: float = 120) -> bytes:
        """A PNG of the page once no answer is awaited and four pictures, half a second apart, are the same."""
        deadline = time.monotonic() + seconds
        same, last = 0, b""
        while same < 4:
            assert time.monotonic() < deadline, f"the page was still changing after {seconds} s"
            time.sleep(0.5)
            picture = base64.b64decode(self._call("Page.captureScreenshot", format="png")["data"])
            same = same + 1 if picture == last and not self._awaited else 1
            last = picture
        return last

    def close(self) -> None:
        end_process(self._process)
        os.close(self._commands)
        self._answers.close()

    def _call(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._count += 1
        message = {"id": self._count, "method": method, "params": parameters, **self._session}
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next_message()
            if answer.get("id") == self._count:
                assert "error" not in answer, answer
                result: dict[str, Any] = answer["result"]
                return result
            self._note(answer.get("method"), answer.get("params", {}))

    def _note(self, event: str | None, parameters: dict[str, Any]) -> None:
        # Of data only: that the script of a worker has come is told to the worker alone.
        if event == "Network.requestWillBeSent" and parameters["type"] in ("XHR", "Fetch"):
            self._awaited.add(parameters["requestId"])
        elif event in ("Network.loadingFinished", "Network.loadingFailed"):
            self._awaited.discard(parameters["requestId"])

    def _next_message(self) -> dict[str, Any]:
        while b"\0" not in self._received:
            more = os.read(self._answers.fileno(), 1 << 20)
            assert more, "Chromium has ended"
            self._received += more
        message, _, self._received = self._received.partition(b"\0")
        decoded: dict[str, Any] = json.loads(message)
        return decoded
