# With --skip-tokenizer-init SGLang's own server takes token ids, no text.
python -m sglang.launch_server --model-path Qwen/Qwen3-8B \
  --served-model-name Qwen/Qwen3-8B \
  --page-size 16 \
  --incremental-streaming-output \
  --skip-tokenizer-init \
  --disaggregation-mode prefill \
  --disaggregation-transfer-backend nixl \
  --enable-metrics
