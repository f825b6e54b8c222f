"""Where time goes, step by step."""

import time


class Stopwatch:
    """Seconds between one lap and the next, by name."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._since = time.perf_counter()

    def lap(self, name: str) -> None:
        """End the step `name` and begin the next one."""
        now = time.perf_counter()
        self.seconds[name] = round(now - self._since, 3)
        self._since = now
