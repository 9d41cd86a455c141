"""Tells a Ctrl-C of the user from a KeyboardInterrupt that other people's code has raised itself."""

import dis
import signal
import traceback

_RAISE = dis.opmap["RAISE_VARARGS"]  # what the statement `raise` is compiled to


def was_ctrl_c(error: BaseException) -> bool:
    """Whether the user wants to stop: an interrupt comes from no `raise`, but for that of a signal handler."""
    if not isinstance(error, KeyboardInterrupt):
        return False
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    handler = getattr(signal.getsignal(signal.SIGINT), "__code__", None)
    if handler in [frame.f_code for frame in frames]:
        return True
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    return last is None or last.tb_frame.f_code.co_code[last.tb_lasti] != _RAISE
