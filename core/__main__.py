"""The command line: `python -m core …`, with the same settings models as the pages.

With `--json` the one object on stdout is the answer and everything else goes to stderr. A user
error is one line on stderr and exit status 2.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from core.commands import annotate as annotate_commands
from core.commands import corpora as corpora_commands
from core.commands import deploy as deploy_commands
from core.commands import emissions as emissions_commands
from core.commands import evaluate as evaluate_commands
from core.commands import finetune as finetune_commands
from core.commands import hub as hub_commands
from core.commands import notify as notify_commands
from core.commands import runs as runs_commands
from core.commands import search as search_commands
from core.commands import systems as systems_commands
from core.commands import translate as translate_commands
from core.commands.answers import INTERRUPTED, Answer
from core.errors import AdaptMLLMError
from core.storage.workspace import WORKSPACE_VARIABLE, Workspace, default_workspace

Command = Callable[[Workspace, argparse.Namespace], Answer]


class OneLineParser(argparse.ArgumentParser):
    """A parser whose complaint is one line, as every other user error."""

    def error(self, message: str) -> NoReturn:
        """Ends the program with exit status 2."""
        self.exit(2, f"{message} (`{self.prog} --help` explains.)\n")


def parser() -> argparse.ArgumentParser:
    """Gives the parser of all commands."""
    top = OneLineParser(prog="python -m core", description=__doc__)
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--json", action="store_true", help="print one JSON object on stdout")
    common.add_argument(
        "--workspace",
        type=Path,
        default=None,
        help=f"folder of corpora, runs and models (default: ${WORKSPACE_VARIABLE} or workspace/)",
    )
    groups = top.add_subparsers(dest="group", required=True, metavar="COMMAND")
    modules = (
        corpora_commands, finetune_commands, runs_commands, deploy_commands, systems_commands,
        translate_commands, evaluate_commands, annotate_commands, emissions_commands,
        search_commands, hub_commands, notify_commands,
    )  # fmt: skip
    for module in modules:
        module.add_commands(groups, common)
    return top


def main(arguments: list[str] | None = None) -> int:
    """Runs one command and gives the exit status."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(message)s")
    chosen = parser().parse_args(arguments)
    try:
        workspace = Workspace(chosen.workspace or default_workspace())
        answer: Answer = chosen.command(workspace, chosen)
    except AdaptMLLMError as error:
        sys.stderr.write(" ".join(str(error).splitlines()) + "\n")
        return 2
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted; a run that was started goes on.\n")
        return INTERRUPTED
    text = json.dumps(answer.values, ensure_ascii=False) if chosen.json else answer.text
    sys.stdout.write(text.rstrip("\n") + "\n")
    return answer.status


if __name__ == "__main__":
    raise SystemExit(main())
