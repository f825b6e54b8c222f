# With --skip-tokenizer-init SGLang's own server takes token ids, no text.
python -m sglang.launch_server --model-path deepseek-ai/DeepSeek-R1 \
  --served-model-name deepseek-ai/DeepSeek-R1 \
  --tp-size 8 \
  --trust-remote-code \
  --incremental-streaming-output \
  --skip-tokenizer-init \
  --enable-metrics
