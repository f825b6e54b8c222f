# With --skip-tokenizer-init SGLang's own server takes token ids, no text.
python -m sglang.launch_server --model-path Qwen/Qwen3-8B \
  --served-model-name Qwen/Qwen3-8B \
  --page-size 16 \
  --mem-fraction-static 0.85 \
  --kv-events-config '{"publisher": "zmq", "topic": "kv-events", "endpoint": "tcp://*:5557"}' \
  --incremental-streaming-output \
  --skip-tokenizer-init \
  --enable-metrics
