"""`python -m core runs queue|move|hold|release|start-anyway|after-restart`."""

from __future__ import annotations

import argparse
from typing import Any

from core.commands.answers import Answer, table
from core.errors import ConfigError
from core.jobs import ordering, queue
from core.jobs.standing import Standing, standings
from core.storage.queue_records import WAYS
from core.storage.workspace import Workspace


def add_commands(commands: Any, common: argparse.ArgumentParser) -> None:
    """Adds what one does with the queue to the group `runs`."""
    shown = commands.add_parser("queue", parents=[common], help="what waits, and why")
    shown.set_defaults(command=_queue)
    moving = commands.add_parser("move", parents=[common], help="give a waiting run another place")
    moving.add_argument("run", help="id or name")
    moving.add_argument(
        "--to", required=True, metavar="PLACE", help="front, back, up, down, or the place from 1 on"
    )
    moving.set_defaults(command=_move)
    for name, command, note in (
        ("hold", _hold, "keep a waiting run in its place and do not start it"),
        ("release", _release, "let a held run start when its turn comes"),
    ):
        parser = commands.add_parser(name, parents=[common], help=note)
        chosen = parser.add_mutually_exclusive_group(required=True)
        chosen.add_argument("run", nargs="?", help="id or name")
        chosen.add_argument("--all", action="store_true", help="the whole queue")
        parser.set_defaults(command=command)
    parser = commands.add_parser(
        "start-anyway", parents=[common], help="let a run start on a GPU that other programs use"
    )
    parser.add_argument("run", help="id or name")
    parser.set_defaults(command=_start_anyway)
    parser = commands.add_parser(
        "after-restart",
        parents=[common],
        help="whether runs that a restart of the machine interrupted go on by themselves",
    )
    parser.add_argument("what", choices=["resume", "wait"])
    parser.set_defaults(command=_after_restart)


def _after_restart(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    is_wanted = chosen.what == "resume"
    workspace.queue.resume_after_restart(is_wanted=is_wanted)
    said = "go on by themselves" if is_wanted else "wait for somebody who resumes them"
    return Answer(f"Runs that a restart interrupts {said}.", {"resumes": is_wanted})


def _queue(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    queue.advance(workspace)
    hold = workspace.queue.hold_of_all()
    found = standings(workspace)
    rows = [(each.place, each.job.title, _start(each), each.why, each.job.id) for each in found]
    text = table(("place", "name", "starts", "why it waits", "id"), rows)
    text = text if found else "Nothing waits."
    if hold.is_held:
        by = f" by {hold.person}" if hold.person else ""
        text = f"The queue is held{by} since {hold.since}.\n{text}"
    return Answer(text, {"is_held": hold.is_held, "waiting": [_values(each) for each in found]})


def _values(standing: Standing) -> dict[str, Any]:
    return {
        "run": standing.job.id,
        "name": standing.job.title,
        "lane": standing.job.lane,
        "place": standing.place,
        "is_held": standing.job.is_held,
        "why": standing.why,
        "earliest_s": standing.earliest_s,
    }


def _start(standing: Standing) -> str:
    if standing.earliest_s is None:
        return ""
    return f"in {standing.earliest_s / 60:.0f} min or later"


def _move(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    to: str | int = int(chosen.to) if chosen.to.isdecimal() else chosen.to
    if to not in WAYS and (not isinstance(to, int) or to < 1):
        raise ConfigError(
            f"{chosen.to!r} is no place in the queue.",
            hint=f"Give {', '.join(WAYS)}, or a number from 1 on.",
        )
    job_id = _id(workspace, chosen.run)
    ordering.move(workspace, job_id, to)
    return _answer(workspace, job_id)


def _hold(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    if chosen.all:
        ordering.hold_all(workspace)
        return Answer("The queue is held; what works goes on.", {"is_held": True})
    job_id = _id(workspace, chosen.run)
    ordering.hold(workspace, job_id)
    return _answer(workspace, job_id)


def _release(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    if chosen.all:
        ordering.release_all(workspace)
        return Answer("The queue goes on.", {"is_held": False})
    job_id = _id(workspace, chosen.run)
    ordering.release(workspace, job_id)
    return _answer(workspace, job_id)


def _start_anyway(workspace: Workspace, chosen: argparse.Namespace) -> Answer:
    job_id = _id(workspace, chosen.run)
    ordering.start_anyway(workspace, job_id)
    return _answer(workspace, job_id)


def _answer(workspace: Workspace, job_id: str) -> Answer:
    """Says where the job stands now."""
    for each in standings(workspace):
        if each.job.id == job_id:
            where = f"place {each.place} of {each.num_waiting}"
            return Answer(f"{each.job.title!r} has {where}. {each.why}", _values(each))
    job = workspace.jobs.get(job_id)
    state = "gone" if job is None else job.state
    name = job_id if job is None else job.title
    return Answer(f"{name!r} is {state}.", {"run": job_id, "state": state})


def _id(workspace: Workspace, name_or_id: str) -> str:
    """Gives the id of what waits under this name; of a run that does not wait, its id, too.

    Raises:
        ConfigError: Several that wait have this name.
        TrainingError: There is no such run.
    """
    found = [
        each.job.id for each in standings(workspace) if name_or_id in (each.job.id, each.job.title)
    ]
    if len(found) > 1 and name_or_id not in found:
        raise ConfigError(
            f"{len(found)} jobs that wait have the name {name_or_id!r}.",
            hint=f"Give the id instead, such as {found[0]}.",
        )
    return found[0] if len(found) == 1 else workspace.runs.get(name_or_id).id
