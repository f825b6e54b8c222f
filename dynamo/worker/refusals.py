"""What a worker refuses is told to the client, and is no news for the worker's log."""

import logging
import sys
from types import TracebackType

from dynamo.llm.exceptions import DynamoException

logger = logging.getLogger(__name__)


def keep_refusals_out_of_log() -> None:
    """From now on no client can fill the log with requests that are wrong.

    The runtime prints whatever a handler raises, with its traceback, by `sys.excepthook`: also the
    exceptions by which it is told to refuse a request.
    """
    before = sys.excepthook

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if isinstance(error, DynamoException):
            logger.debug("a request was refused: %s: %s", kind.__name__, error)
        else:
            before(kind, error, trace)

    sys.excepthook = hook
