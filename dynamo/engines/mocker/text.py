"""The mock engine's tokenizer: a token per word, and words that say which token they are.

Words become tokens by their hash, so texts cannot be had back; nobody reads them.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from dynamo.engines.base import InvalidRequestError
from dynamo.engines.capabilities import Conversation


def tokenize(text: str, vocab_size: int) -> Sequence[int]:
    """Return one token for each word."""
    return [_token(word, vocab_size) for word in text.split()]


def conversation_text(conversation: Conversation) -> str:
    """Return who said what, as the simplest of chat templates would.

    Raises:
        InvalidRequestError: a message has neither a text nor a list of texts.
    """
    return " ".join(f"{each.get('role')} {_content(each)}" for each in conversation.messages)


def new_text(tokens: Sequence[int], stop: Sequence[str], last: bool) -> tuple[str, bool]:
    """Return the text that the last of these output tokens adds, and whether a stop text ends it.

    What may be the beginning of a stop text is held back until that is known, so that no part of
    one gets out.
    """
    if not stop:
        return _word(tokens[-1]), False
    before, _ = _shown("".join(map(_word, tokens[:-1])), stop, last=False)
    after, ended = _shown("".join(map(_word, tokens)), stop, last)
    return after[len(before) :], ended


def _shown(text: str, stop: Sequence[str], last: bool) -> tuple[str, bool]:
    found = [place for each in stop if each and (place := text.find(each)) >= 0]
    if found:
        return text[: min(found)], True
    beginnings = (each[:size] for each in stop for size in range(1, min(len(each), len(text) + 1)))
    held = 0 if last else max((len(b) for b in beginnings if text.endswith(b)), default=0)
    return text[: len(text) - held], False


def _word(token: int) -> str:
    return f"w{token} "


def _token(word: str, vocab_size: int) -> int:
    digest = hashlib.blake2b(word.encode(errors="surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest) % vocab_size


def _content(message: Mapping[str, Any]) -> str:
    content = message.get("content")
    parts: list[Mapping[str, Any]] = content if isinstance(content, list) else [{"text": content}]
    texts = [part["text"] for part in parts if isinstance(part.get("text"), str)]
    if len(texts) < len(parts):
        raise InvalidRequestError("a message has no text")
    return " ".join(texts)
