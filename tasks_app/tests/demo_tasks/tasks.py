"""Each task leaves marks in files of the folder DEMO_FOLDER, so that tests see what really ran and how often."""

import logging
import os
import time
from pathlib import Path
from typing import Any

from tasks_app.registry import TaskResult, TaskScheduler, register_task

logger = logging.getLogger(__name__)


def _mark(name: str, text: str) -> None:
    with (Path(os.environ["DEMO_FOLDER"]) / name).open("a", encoding="utf-8") as file:
        file.write(text + "\n")


@register_task
class DemoCount(TaskScheduler):
    """Counts ``steps`` steps of ``seconds`` each."""

    task_id = "demo_count"
    name = "Demo count"

    @classmethod
    def lock_key(cls, parameters: dict[str, Any]) -> str:
        return f"demo:{parameters.get('key', '')}"

    def execute(self) -> TaskResult:
        _mark("begun", f"{self.parameters.get('key', '')} {os.getpid()} {time.time()}")
        steps = int(self.parameters.get("steps", 3))
        logger.info("[DEMO] Counting to %s", steps)
        self.progress.report(phase="counting", total=steps)
        for step in range(1, steps + 1):
            time.sleep(float(self.parameters.get("seconds", 0.1)))
            self.progress.report(current=step, item=f"step {step}", succeeded=step)
            self.progress.raise_if_cancelled()
        _mark("ended", f"{self.parameters.get('key', '')} {os.getpid()} {time.time()}")
        return TaskResult(True, f"Counted to {steps}.")

    @classmethod
    def on_interrupted(cls, parameters: dict[str, Any]) -> None:
        _mark("mended", str(parameters.get("key", "")))


@register_task
class DemoDeaf(TaskScheduler):
    """Never looks whether it should stop."""

    task_id = "demo_deaf"
    name = "Demo deaf"

    def execute(self) -> TaskResult:
        _mark("begun", f"deaf {os.getpid()} {time.time()}")
        time.sleep(float(self.parameters.get("seconds", 60)))
        return TaskResult(True, "Slept well.")


@register_task
class DemoFail(TaskScheduler):
    """Fails, with a credential in its message."""

    task_id = "demo_fail"
    name = "Demo fail"

    def execute(self) -> TaskResult:
        raise ValueError("cannot fetch http://user:hunter2@provider.example/get.php?username=u&password=hunter2")
