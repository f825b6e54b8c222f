"""A scheduler for token ids that knows the tokens' texts. Importing this module imports SGLang."""

from sglang.srt.constrained.base_grammar_backend import create_grammar_backend
from sglang.srt.managers.scheduler import Scheduler


class TokenScheduler(Scheduler):  # type: ignore[misc]
    """Follows grammars and minimum lengths, for which it needs the tokenizer."""

    skip_tokenizer_init: bool

    def init_tokenizer(self) -> None:
        """Load the tokenizer in any case; outputs go their own way already."""
        skipped, self.skip_tokenizer_init = self.skip_tokenizer_init, False
        super().init_tokenizer()
        self.skip_tokenizer_init = skipped

    def init_grammar_manager(self) -> None:
        """Compile grammars in any case."""
        super().init_grammar_manager()
        if self.skip_tokenizer_init:
            self.grammar_manager.grammar_backend = create_grammar_backend(
                self.server_args,
                self.tokenizer,
                self.model_config.vocab_size,
                self.model_config.hf_eos_token_id,
                think_end_ids=self.model_config.think_end_ids,
            )
