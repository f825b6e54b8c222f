# With --skip-tokenizer-init SGLang's own server takes token ids, no text.
python -m sglang.launch_server --model-path openai/gpt-oss-120b \
  --served-model-name openai/gpt-oss-120b \
  --tp-size 4 \
  --incremental-streaming-output \
  --skip-tokenizer-init \
  --enable-metrics
