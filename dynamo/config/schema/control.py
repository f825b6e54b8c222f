"""Control routes: settings of a running worker that can change."""

from dataclasses import dataclass

from dynamo.config.fields import setting


@dataclass
class ControlConfig:
    """Control routes of a running worker, to read and change what needs no restart;
    `python -m dynamo.worker.control` speaks to them."""

    host: str = setting("127.0.0.1", env=("DYN_CONTROL_HOST",))
    """Address to listen on. One that other machines reach needs a `token`."""
    port: int = setting(-1, env=("DYN_CONTROL_PORT",), minimum=-1, maximum=65535)
    """Port of the control routes; -1 is off, 0 any free port."""
    token: str | None = setting(None, env=("DYN_CONTROL_TOKEN",), secret=True)
    """Bearer token that every control request must carry; unset: none is asked for. The variable
    keeps it out of the list of processes."""
