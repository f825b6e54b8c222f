VLLM_NO_USAGE_STATS=1 \
VLLM_LOGGING_LEVEL=WARNING \
VLLM_WORKER_MULTIPROC_METHOD=spawn \
vllm serve moonshotai/Kimi-K2.5 \
  --served-model-name moonshotai/Kimi-K2.5 \
  --tensor-parallel-size 8 \
  --block-size 64 \
  --mm-encoder-tp-mode data \
  --trust-remote-code \
  --runner generate \
  --no-skip-tokenizer-init \
  --no-enable-log-requests \
  --enable-prefix-caching
