VLLM_NO_USAGE_STATS=1 \
VLLM_LOGGING_LEVEL=WARNING \
VLLM_WORKER_MULTIPROC_METHOD=spawn \
vllm serve Qwen/Qwen3-235B-A22B-FP8 \
  --served-model-name Qwen/Qwen3-235B-A22B-FP8 \
  --tensor-parallel-size 4 \
  --enable-expert-parallel \
  --runner generate \
  --no-skip-tokenizer-init \
  --no-enable-log-requests \
  --block-size 16 \
  --enable-prefix-caching
