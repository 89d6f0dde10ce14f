"""Where tasks are done: in this process, in processes beside it, or on a Dask cluster."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import traceback
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import TYPE_CHECKING, Any

from agglo.errors import AggloError, OutputError, SettingsError
from agglo.sweeps.recipe import Outcome, Recipe, Task

if TYPE_CHECKING:
    from agglo.sweeps.bench import Work

ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""A worker computes in one thread: as many workers as cores would else be in each other's way."""

STOP_S = 5.0
ANSWER_S = 30
"""So long a scheduler may take to answer, and its first worker to come."""

KEPT = "the finished draws are kept: run the same command again to go on"


def done_here(tasks: Sequence[Task], work: Work) -> Iterator[Outcome]:
    """Do tasks one after the other."""
    yield from map(work, tasks)


def done_by_processes(
    tasks: Sequence[Task], recipe: Recipe, identity: Mapping[str, object], *, count: int
) -> Iterator[Outcome]:
    """Do tasks in processes of their own, each of which opens the workspace once.

    Raises
    ------
    AggloError
        What a worker raises about the workspace.
    OutputError
        If a worker dies.
    """
    context = multiprocessing.get_context("spawn")
    waiting = deque(tasks)
    busy: dict[Any, BaseProcess] = {}
    try:
        for _ in range(min(count, len(tasks))):
            here, there = context.Pipe()
            process = context.Process(
                target=_serve, args=(there, recipe, dict(identity)), daemon=True
            )
            busy[here] = process
            process.start()
            there.close()
            here.send(waiting.popleft())
        while busy:
            answered = wait(list(busy))
            for ready in [one for one in busy if one in answered]:
                answer = _answer(ready, busy[ready])
                if waiting:
                    ready.send(waiting.popleft())
                else:
                    _end(ready, busy.pop(ready))
                yield answer
    finally:
        for one in busy.values():
            one.terminate()
        for connection, one in busy.items():
            _end(connection, one)


def done_on_cluster(
    tasks: Sequence[Task], recipe: Recipe, identity: Mapping[str, object], *, scheduler: str
) -> Iterator[Outcome]:
    """Do tasks on the workers of a Dask cluster, unchanged.

    Parameters
    ----------
    scheduler
        Address such as ``tcp://10.0.0.1:8786``.

    Raises
    ------
    SettingsError
        If Dask is not installed, or nobody answers.
    AggloError
        What a worker raises about the workspace.
    OutputError
        If workers die again and again.
    """
    try:
        from distributed import Client, KilledWorker, as_completed
    except ImportError as error:
        raise SettingsError(
            f"--scheduler needs {error.name}: pip install 'agglo[cluster]'"
        ) from error
    wanted = json.dumps(identity, sort_keys=True)
    try:
        client = Client(scheduler, timeout=ANSWER_S, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        raise SettingsError(
            f"no Dask scheduler answers at '{scheduler}' ({error}); start one with: dask "
            "scheduler, or leave --scheduler out"
        ) from error
    with client:
        try:
            client.wait_for_workers(1, timeout=ANSWER_S)
        except TimeoutError as error:
            raise SettingsError(
                f"the scheduler at '{scheduler}' has no worker; start one with: dask worker "
                f"{scheduler} --nthreads 1"
            ) from error
        futures = [client.submit(_done_there, recipe, wanted, task, pure=False) for task in tasks]
        try:
            for future in as_completed(futures, loop=client.loop):
                yield future.result()
                future.release()
        except KilledWorker as error:
            raise OutputError(f"workers of the cluster died ({error}); {KEPT}") from error


def _done_there(recipe: Recipe, wanted: str, task: Task) -> Outcome:
    return _work_there(recipe, wanted)(task)


@lru_cache(maxsize=1)
def _work_there(recipe: Recipe, wanted: str) -> Work:
    """Open the workspace once in a process of the cluster, until another sweep comes."""
    from agglo.sweeps.bench import opened_work

    return opened_work(recipe, json.loads(wanted))


def _serve(there: Connection, recipe: Recipe, identity: Mapping[str, object]) -> None:
    """Do tasks until there is none; Ctrl-C is the business of the process that started this."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for name in ONE_THREAD:
        os.environ.setdefault(name, "1")
    try:
        from agglo.sweeps.bench import opened_work

        work = opened_work(recipe, identity)
        while (task := there.recv()) is not None:
            there.send(work(task))
    except (EOFError, BrokenPipeError):
        return
    except AggloError as error:
        there.send(error)
    except Exception:
        there.send(RuntimeError(traceback.format_exc()))


def _answer(here: Any, process: BaseProcess) -> Outcome:
    try:
        answer = here.recv()
    except (EOFError, ConnectionResetError) as error:
        process.join(STOP_S)
        raise OutputError(
            f"a worker process died (exit code {process.exitcode}); {KEPT}, with fewer --workers "
            "if memory is short"
        ) from error
    if isinstance(answer, Exception):
        raise answer
    found: Outcome = answer
    return found


def _end(here: Any, process: BaseProcess) -> None:
    """Let a process end, by force if it does not."""
    with suppress(OSError):
        here.close()
    process.join(STOP_S)
    if process.is_alive():
        process.kill()
        process.join()
