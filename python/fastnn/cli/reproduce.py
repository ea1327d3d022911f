"""``fastnn reproduce``: compute what lectures and books print, and compare."""

from __future__ import annotations

import argparse
from typing import Any

from fastnn.cli.files import plot_path
from fastnn.cli.output import Usage, add_threads, set_threads, table
from fastnn.cli.sets import add_data, check_folder

EXAMPLES = """\
examples:
  fastnn reproduce --list
  fastnn reproduce lectures
  fastnn reproduce nielsen --data DIR --plot nielsen.png

Exit code 1 where a figure falls short. Where a slip of the source explains a difference, the table
says which, and it does not count against the result.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("system", nargs="?", metavar="SYSTEM", help="one of --list")
    parser.add_argument("--list", action="store_true", help="print the names of all systems")
    add_data(parser)
    add_threads(parser)
    parser.add_argument(
        "--plot", metavar="FILE", help="a PNG, where the system has one (default: SYSTEM.png)"
    )
    parser.add_argument("--no-plot", action="store_true", help="no plot")


def run(arguments: argparse.Namespace) -> tuple[dict[str, Any], int]:
    """Reproduce a system; the report and the exit code."""
    from fastnn.reproduce import SYSTEMS, Options

    known = {system.name: system for system in SYSTEMS}
    if arguments.list:
        if not arguments.json:
            print(
                table(
                    ["name", "what it shows", "time"], [[s.name, s.title, s.time] for s in SYSTEMS]
                )
            )
        return {"systems": list(known)}, 0
    if arguments.system is None:
        raise Usage(
            f"the following arguments are required: SYSTEM, one of {', '.join(known)}; "
            "see fastnn reproduce --list"
        )
    if arguments.system not in known:
        raise Usage(
            f"argument SYSTEM: must be one of {', '.join(known)}, got {arguments.system!r}; "
            "see fastnn reproduce --list"
        )
    system = known[arguments.system]
    if arguments.plot is not None and not system.has_plot:
        raise Usage(f"argument --plot: must be left out with {system.name}, which draws nothing")
    plot = plot_path(arguments, f"{system.name}.png") if system.has_plot else None
    set_threads(arguments)
    check_folder(arguments.data)
    report = system.run(Options(arguments.data, plot, verbose=0 if arguments.json else 1))
    if not arguments.json:
        print(system.title)
        print(table(report.head, [report.cells(row) for row in report.rows], report.right))
        for note in report.notes:
            print(note)
    document = {
        "system": system.name,
        "passed": report.passed,
        "rows": report.rows,
        "notes": report.notes,
        "plot": plot,
    }
    return document, 0 if report.passed else 1
