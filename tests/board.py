"""A real TensorBoard server, for tests and pictures."""

import json
import re
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np
from helpers import end_process, environment


class Board:
    """A TensorBoard server on 127.0.0.1.

    Args:
        logdir: what it shows.
        log: where it writes its messages.

    Attributes:
        address: of the server.
    """

    def __init__(self, logdir: Path, log: Path) -> None:
        self._log = log
        with open(log, "w") as file:
            arguments = [
                "--logdir",
                str(logdir),
                "--host",
                "127.0.0.1",
                "--port",
                "0",
                "--samples_per_plugin",
                "scalars=1000000",
            ]
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tensorboard.main", *arguments], env=environment(), stdout=file, stderr=file
            )
        self.address = self._wait_for_address()

    def _wait_for_address(self) -> str:
        deadline = time.monotonic() + 120
        while not (found := re.search(r"http://127\.0\.0\.1:\d+", self._log.read_text())):
            assert self._process.poll() is None and time.monotonic() < deadline, self._log.read_text()
            time.sleep(0.1)
        return found[0]

    def get(self, path: str, **query: str) -> Any:
        """The JSON at that path."""
        address = f"{self.address}/data/{path}?{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(address, timeout=30) as answer:
            return json.load(answer)

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """The JSON that answers this one."""
        request = urllib.request.Request(
            f"{self.address}/data/{path}", json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def scalars(self, run: str, tag: str) -> tuple[list[int], np.ndarray]:
        """Steps and float32 values."""
        points = self.get("plugin/scalars/scalars", run=run, tag=tag)
        return [step for _, step, _ in points], np.array([value for _, _, value in points], np.float32)

    def session_groups(self, **request: Any) -> list[dict[str, Any]]:
        """What the table of the HParams page shows, row by row; `request` sorts and filters."""
        statuses = ["STATUS_SUCCESS", "STATUS_FAILURE", "STATUS_RUNNING", "STATUS_UNKNOWN"]
        body = {"experimentName": "", "allowedStatuses": statuses, "colParams": [], "startIndex": 0, "sliceSize": 1000}
        groups: list[dict[str, Any]] = self.post("plugin/hparams/session_groups", body | request).get(
            "sessionGroups", []
        )
        return groups

    def sessions(self) -> dict[str, dict[str, Any]]:
        """Of each run its settings and its end status, as the HParams page has them."""
        return {
            session["name"]: {"status": session["status"], "settings": group["hparams"]}
            for group in self.session_groups()
            for session in group["sessions"]
        }

    def wait_for(self, count: int) -> None:
        """Until it has read so many runs to their ends: it reads the files in the background."""
        deadline = time.monotonic() + 120
        ended = ("STATUS_SUCCESS", "STATUS_FAILURE")
        while len([run for run, session in self.sessions().items() if session["status"] in ended]) < count:
            assert time.monotonic() < deadline, self.sessions()
            time.sleep(0.2)

    def stop(self) -> None:
        end_process(self._process)
