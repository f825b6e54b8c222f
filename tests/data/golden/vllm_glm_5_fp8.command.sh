VLLM_NO_USAGE_STATS=1 \
VLLM_LOGGING_LEVEL=WARNING \
VLLM_WORKER_MULTIPROC_METHOD=spawn \
vllm serve zai-org/GLM-5-FP8 \
  --served-model-name zai-org/GLM-5-FP8 \
  --tensor-parallel-size 8 \
  --block-size 64 \
  --runner generate \
  --no-skip-tokenizer-init \
  --no-enable-log-requests \
  --enable-prefix-caching
