"""The command ``fastnn``: a parser, and what every command has in common."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
import traceback
from collections.abc import Sequence
from typing import Any, NoReturn

import fastnn
from fastnn import _start
from fastnn.cli import bench, evaluate, info, predict, reproduce, streams, train
from fastnn.cli.output import Failure, Interrupted, Usage, strict

COMMANDS = (train, predict, evaluate, info, bench, reproduce)
NAMES = tuple(module.__name__.rpartition(".")[2] for module in COMMANDS)

OK, FAILED, WRONG_USAGE, INTERRUPTED = 0, 1, 2, 130

_EPILOG = """\
examples:
  fastnn train                         train on the digits that come with the package
  fastnn predict digits.fnn three.png  what is on this image?
  fastnn train mnist --data DIR        train on the MNIST files in DIR
  fastnn reproduce lectures            the worked examples of the lectures, digit by digit

Every command takes --json (one JSON object on standard output) and --help (with examples).
Exit codes: 0 well, 1 failed or short of the target, 2 wrong usage, 130 stopped by Ctrl-C.
An error is one line; with FASTNN_TRACEBACK=1 in the environment its traceback comes first.
"""


class _Format(argparse.RawDescriptionHelpFormatter):
    """Help that leaves room for the longest command's name on its line."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog)
        self._action_max_length = 4 + max(map(len, NAMES))


class Parser(argparse.ArgumentParser):
    """argparse, with wrong usage as an exception of one line."""

    def error(self, message: str) -> NoReturn:
        raise Usage(f"{message}; see {self.prog} --help")


def parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    top = Parser(
        prog="fastnn",
        description="Neural networks on the CPU.",
        epilog=_EPILOG,
        formatter_class=_Format,
        allow_abbrev=False,
    )
    top.add_argument("--version", action="version", version=f"fastnn {fastnn.__version__}")
    commands = top.add_subparsers(
        dest="command", metavar="COMMAND", required=True, title="commands", parser_class=Parser
    )
    for name, module in zip(NAMES, COMMANDS, strict=True):
        text = (module.__doc__ or "").partition("\n")[0].removeprefix(f"``fastnn {name}``: ")[:-1]
        command = commands.add_parser(
            name,
            help=text,
            description=text[0].upper() + text[1:] + ".",
            epilog=module.EXAMPLES,
            formatter_class=_Format,
            allow_abbrev=False,
        )
        module.add_arguments(command)
        command.add_argument(
            "--json", action="store_true", help="print one JSON object, nothing else"
        )
        command.set_defaults(run=module.run)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command.

    Parameters
    ----------
    argv : list of str, optional
        Arguments; those of the process by default.

    Returns
    -------
    int
        0 well, 1 failed or short of the target, 2 wrong usage, 130 stopped by Ctrl-C. An error is
        one line on standard error, whatever it is; the environment variable ``FASTNN_TRACEBACK``
        puts its traceback before it. So is a warning, which ``--quiet`` leaves out.

    Examples
    --------
    >>> main(["reproduce", "--list", "--json"])  # doctest: +ELLIPSIS
    {"systems": ["lectures", "nielsen", ...]}
    0
    """
    given = list(sys.argv[1:] if argv is None else argv)
    as_json = "--json" in given
    with streams.guarded_output():
        try:
            return _run(given, as_json)
        except BrokenPipeError:  # `fastnn info MODEL | head -1`: nobody reads on
            return FAILED
        except Usage as error:
            return _fail(str(error), WRONG_USAGE, as_json)
        except (KeyboardInterrupt, Interrupted) as stop:
            return _fail(str(stop) or "interrupted", INTERRUPTED, as_json)
        except MemoryError:
            return _fail("not enough memory; try a smaller network or batch", FAILED, as_json)
        except Exception as error:
            if os.environ.get("FASTNN_TRACEBACK"):
                traceback.print_exc()
            return _fail(_text(error), FAILED, as_json)


def _run(given: list[str], as_json: bool) -> int:
    """Run a command; its exit code, once all that it printed has been taken."""
    try:
        _start.uncover()
        if given and not given[0].startswith("-") and given[0] not in NAMES:
            known = ", ".join(NAMES)
            raise Usage(f"COMMAND must be one of {known}, got {given[0]!r}; see fastnn --help")
        arguments, rest = parser().parse_known_args(given)
        if rest:
            of = "" if given[0].startswith("-") else f" {arguments.command}"
            raise Usage(f"unrecognized arguments: {' '.join(rest)}; see fastnn{of} --help")
        with streams.warnings_in_a_line(silent=getattr(arguments, "quiet", False)):
            result, code = arguments.run(arguments)
        if as_json:
            print(json.dumps(strict(result), allow_nan=False))
    except SystemExit as done:  # --help and --version
        code = OK if done.code is None else done.code
    sys.stdout.flush()
    return int(code)


def _text(error: BaseException) -> str:
    """An error's message; those of the system as "path: reason"."""
    if isinstance(error, OSError) and error.strerror:
        place = f"{os.fspath(error.filename)}: " if error.filename is not None else ""
        return f"{place}{error.strerror}"
    kind = type(error).__name__
    if isinstance(error, Failure | OSError | ValueError | RuntimeError | Warning):
        return str(error) or kind
    return f"internal error, {kind}: {error}; FASTNN_TRACEBACK=1 shows where"


def _fail(text: str, code: int, as_json: bool) -> int:
    text = streams.line(text)
    with contextlib.suppress(Failure, OSError):  # standard output may be what failed
        if as_json:
            document: dict[str, Any] = {"error": text, "exit": code}
            print(json.dumps(document))
        sys.stdout.flush()
    streams.complain(f"fastnn: error: {text}" if code != INTERRUPTED else f"fastnn: {text}")
    return code
