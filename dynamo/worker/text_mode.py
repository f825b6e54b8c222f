"""Text in, chat completion chunks out: the engine knows the tokenizer (R126 to R131)."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dynamo.engines.base import (
    Chunk,
    GenerateRequest,
    InvalidRequestError,
    RequestFailedError,
)
from dynamo.engines.capabilities import Conversation, ReadsText
from dynamo.worker.guided import guided_decoding
from dynamo.worker.sampling import (
    LIMITS,
    Served,
    checked_prompt,
    checked_stop_tokens,
    limits,
    max_tokens,
    sampling,
    wrong_parts_refused,
)
from dynamo.worker.token_mode import usage

SAMPLING = (
    "temperature", "top_p", "presence_penalty", "frequency_penalty", "seed", "top_k",
    "repetition_penalty", "min_p", "length_penalty", "use_beam_search", "n",
)  # fmt: skip
"""R126: fields of the body that are sampling options under the same name."""
FINISH_REASONS = {"cancelled": "stop", "eos": "stop"}
RESERVED = frozenset({"messages", "tools", "chat_template", "tokenize", "add_generation_prompt"})
"""Variables of a chat template that a client does not choose."""


@dataclass(frozen=True)
class TextMode:
    """Bodies of the OpenAI API, as the frontend passes them on."""

    served: Served
    engine: ReadsText
    template: str | None = None
    """Text of a Jinja template that replaces the model's own."""

    async def read(self, message: Mapping[str, Any], request_id: str) -> GenerateRequest:
        """R126 to R128: return what the engine is asked for; see Mode.read."""
        with wrong_parts_refused():
            return await self._read(message, request_id)

    async def _read(self, message: Mapping[str, Any], request_id: str) -> GenerateRequest:
        lora_name = self.served.adapter(message.get("model"))
        if message.get("logprobs"):
            raise InvalidRequestError("log probabilities are not given in text mode")
        token_ids = checked_prompt(await self.tokens(message), self.served.info)
        given = {name: message.get(name) for name in LIMITS}
        if given["max_tokens"] is None:  # the frontend unites the two names in token mode only
            given["max_tokens"] = message.get("max_completion_tokens")
        stops = limits(given, self.served.defaults)
        options = {name: message.get(name) for name in SAMPLING}
        return GenerateRequest(
            request_id=request_id,
            token_ids=token_ids,
            max_tokens=max_tokens(stops.get("max_tokens"), len(token_ids), self.served.info),
            sampling=sampling(options, self.served.defaults),
            min_tokens=stops.get("min_tokens"),
            ignore_eos=bool(stops.get("ignore_eos")),
            stop_token_ids=tuple(
                checked_stop_tokens(message.get("stop_token_ids") or (), self.served.info)
            ),
            guided_decoding=guided_decoding(message),
            lora_name=lora_name,
            detokenize=True,
            stop=stop_texts(message.get("stop")),
        )

    async def tokens(self, message: Mapping[str, Any]) -> Sequence[int]:
        """R130: a conversation through the chat template; a prompt or a text as it is."""
        if message.get("messages"):
            return await self.engine.tokenize_chat(conversation(message, self.template))
        text = message.get("prompt") or message.get("text")
        if not isinstance(text, str):
            raise InvalidRequestError("the request holds neither messages nor a prompt nor a text")
        return await self.engine.tokenize(text)

    def writer(
        self, message: Mapping[str, Any], request_id: str
    ) -> Callable[[Chunk], dict[str, Any]]:
        """R131: return what writes the chunks of one answer."""
        head = {
            "id": f"chatcmpl-{request_id}",
            "object": "chat.completion.chunk",
            "created": int(time.time()),
            "model": message.get("model") or "unknown",
        }
        return lambda chunk: {**head, **chat_chunk(chunk)}


def conversation(message: Mapping[str, Any], template: str | None) -> Conversation:
    """Return what the chat template is applied to.

    Raises:
        InvalidRequestError: a message is none, or holds media (R84).
    """
    messages = message["messages"]
    if not isinstance(messages, list) or not all(isinstance(each, Mapping) for each in messages):
        raise InvalidRequestError("messages must be a list of objects")
    for each in messages:
        parts = each.get("content")
        for part in parts if isinstance(parts, list) else ():
            if not isinstance(part, Mapping) or part.get("type") != "text":
                raise InvalidRequestError("this model takes text only: a message holds media")
    arguments = message.get("chat_template_kwargs") or message.get("chat_template_args") or {}
    tools = message.get("tools") or []
    if not isinstance(arguments, Mapping) or not isinstance(tools, list):
        raise InvalidRequestError("chat_template_args must be an object, and tools a list")
    return Conversation(
        messages=messages,
        tools=tools,
        template=template,
        template_arguments={
            name: value for name, value in arguments.items() if name not in RESERVED
        },
    )


def stop_texts(stop: Any) -> tuple[str, ...]:
    """R128: one stop sequence or several.

    Raises:
        InvalidRequestError: they are no texts.
    """
    texts = [stop] if isinstance(stop, str) else stop or []
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise InvalidRequestError("stop must be a text or a list of texts")
    return tuple(texts)


def chat_chunk(chunk: Chunk) -> dict[str, Any]:
    """R131: the new text only; the last chunk of a choice has its reason and the usage."""
    reason = chunk.finish_reason
    if reason is not None and reason.startswith("error"):
        raise RequestFailedError(reason)
    choice = {
        "index": chunk.index,
        "delta": {"role": "assistant", "content": chunk.text or ""},
        "finish_reason": FINISH_REASONS.get(reason, reason) if reason else None,
    }
    written: dict[str, Any] = {"choices": [choice]}
    if chunk.prompt_tokens is not None:
        written["usage"] = usage(chunk, chunk.prompt_tokens)
    return written
