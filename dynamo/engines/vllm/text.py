"""vLLM's tokenizer and chat templates, which run in a sandbox (R130)."""

from collections.abc import Sequence
from typing import Any, cast

from jinja2 import TemplateError
from vllm.renderers.params import ChatParams
from vllm.v1.engine.async_llm import AsyncLLM

from dynamo.engines.base import InvalidRequestError
from dynamo.engines.capabilities import Conversation
from dynamo.engines.vllm.errors import translated_errors


class Text:
    """The text side of one engine."""

    def __init__(self, llm: AsyncLLM) -> None:
        self._renderer = llm.renderer

    async def tokenize(self, text: str) -> Sequence[int]:
        """Return a prompt's tokens, special ones added as the tokenizer does."""
        with translated_errors():
            (prompt,) = await self._renderer.render_cmpl_async([{"prompt": text}])
        return _tokens(prompt)

    async def tokenize_chat(self, conversation: Conversation) -> Sequence[int]:
        """Return a conversation's tokens; the template has added the special ones."""
        arguments = {
            **conversation.template_arguments,
            "tools": list(conversation.tools) or None,
            "add_generation_prompt": True,
            "tokenize": False,
        }
        params = ChatParams(conversation.template, chat_template_kwargs=arguments)
        messages = [dict(message) for message in conversation.messages]
        try:
            with translated_errors():
                _, (prompt,) = await self._renderer.render_chat_async([messages], params)
        except TemplateError as error:
            raise InvalidRequestError(f"the chat template is broken: {error}") from error
        return _tokens(prompt)


def _tokens(prompt: Any) -> Sequence[int]:
    return cast(Sequence[int], prompt["prompt_token_ids"])
