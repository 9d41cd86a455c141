"""The messages of a run, which go to the terminal and to the run's own log: both can print them."""

import logging
import traceback

from annealkit.errors import printable

log = logging.getLogger("annealkit")


def _make_printable(record: logging.LogRecord) -> bool:
    """Messages quote folders, values, and what plugins raise: other people's text."""
    record.msg, record.args = printable(record.getMessage()), None
    if record.exc_info and record.exc_info[1] is not None:
        record.exc_text = printable("".join(traceback.format_exception(record.exc_info[1])).rstrip())
    return True


log.addFilter(_make_printable)  # A filter of the logger, since handlers come and go, Hydra's among them.
