"""Ask a model directory one question with plain transformers, greedily, and print the answer."""

import sys

from transformers import AutoModelForCausalLM, AutoTokenizer


def answer(directory: str, question: str) -> str:
    """Return the text up to the end-of-turn token that the model's own files name."""
    tokenizer = AutoTokenizer.from_pretrained(directory)
    model = AutoModelForCausalLM.from_pretrained(directory)
    prompt = tokenizer.apply_chat_template(
        [{"role": "user", "content": question}],
        add_generation_prompt=True,
        return_tensors="pt",
        return_dict=True,
    )
    output = model.generate(**prompt, max_new_tokens=32, do_sample=False)
    return str(tokenizer.decode(output[0, prompt["input_ids"].shape[1] :]))


if __name__ == "__main__":
    print(answer(sys.argv[1], sys.argv[2]))
