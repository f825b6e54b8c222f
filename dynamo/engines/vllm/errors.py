"""vLLM's errors in the words of the engine protocol. Importing this module imports vLLM."""

from collections.abc import Iterator
from contextlib import contextmanager

import vllm.exceptions
from vllm.v1.engine.exceptions import EngineDeadError as VllmEngineDeadError
from vllm.v1.engine.exceptions import EngineGenerateError

from dynamo.engines.base import EngineDeadError, InvalidRequestError

# Until 0.26 each such error was a ValueError.
CLIENT_ERROR: type[Exception] = getattr(vllm.exceptions, "VLLMClientError", ValueError)


@contextmanager
def translated_errors() -> Iterator[None]:
    """Raise the errors of the engine protocol instead of vLLM's."""
    try:
        yield
    except VllmEngineDeadError as error:
        raise EngineDeadError(str(error)) from error
    except (CLIENT_ERROR, ValueError) as error:
        raise InvalidRequestError(str(error)) from error
    except EngineGenerateError as error:
        if isinstance(error.__cause__, ValueError):
            raise InvalidRequestError(str(error.__cause__)) from error
        raise
