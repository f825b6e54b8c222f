# With --skip-tokenizer-init SGLang's own server takes token ids, no text.
python -m sglang.launch_server --model-path deepseek-ai/DeepSeek-R1 \
  --served-model-name deepseek-ai/DeepSeek-R1 \
  --tp-size 8 \
  --dp-size 8 \
  --ep-size 8 \
  --enable-dp-attention \
  --mem-fraction-static 0.75 \
  --trust-remote-code \
  --incremental-streaming-output \
  --skip-tokenizer-init \
  --disaggregation-mode decode \
  --disaggregation-transfer-backend nixl \
  --enable-metrics
