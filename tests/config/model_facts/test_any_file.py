"""Whatever a config.json holds, reading it raises nothing."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from dynamo.config.model_facts import model_facts
from tests.models import configs

KEYS = sorted({key for config in configs().values() for key in config} | {"text_config"})
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 2**40) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)
SPOILT = st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=4)


@settings(max_examples=60, deadline=None)
@given(name=st.sampled_from(sorted(configs())), spoilt=SPOILT)
def test_a_spoilt_file_is_read_without_error(name: str, spoilt: dict[str, Any]) -> None:
    facts = model_facts({**configs()[name], **spoilt})
    assert facts.layers >= 0
    assert all(part.parameters >= 0 and part.bits >= 0 for part in facts.weights or ())
    assert all(cache.heads >= 0 and cache.layers > 0 for cache in facts.caches or ())
