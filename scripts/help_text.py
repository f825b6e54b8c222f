"""Shorten an engine's own help texts for the catalogues."""

import re


def first_sentence(text: str) -> str:
    """Return the first sentence of a help text, links and line breaks removed."""
    linked = re.sub(r"\[([^\]]*)\](\([^)]*\)|\[\])", r"\1", text)
    plain = " ".join(re.split(r"\n\s*(?:\n|-)", linked)[0].replace("%%", "%").split())
    sentence = re.match(r".+?[.:!](?=\s|$)(?<!e\.g\.)(?<!i\.e\.)", plain)
    return (sentence[0] if sentence else plain).rstrip(":")
