"""SGLang's sampling parameters where the scheduler has a tokenizer and this process has none.

Importing this module imports SGLang.
"""

from typing import Any

from sglang.srt.sampling.sampling_params import SamplingParams


class TokenSamplingParams(SamplingParams):  # type: ignore[misc]
    """Lets a minimum length pass, which the scheduler keeps."""

    def normalize(self, tokenizer: Any) -> None:
        """Do what SGLang does, but do not ask for the end-of-sequence token here."""
        params: Any = self
        shortest, params.min_new_tokens = params.min_new_tokens, 0
        super().normalize(tokenizer)
        params.min_new_tokens = shortest
