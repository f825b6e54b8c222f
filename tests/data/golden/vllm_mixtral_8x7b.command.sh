VLLM_NO_USAGE_STATS=1 \
VLLM_LOGGING_LEVEL=WARNING \
VLLM_WORKER_MULTIPROC_METHOD=spawn \
vllm serve mistralai/Mixtral-8x7B-Instruct-v0.1 \
  --served-model-name mistralai/Mixtral-8x7B-Instruct-v0.1 \
  --tensor-parallel-size 2 \
  --runner generate \
  --no-skip-tokenizer-init \
  --no-enable-log-requests \
  --block-size 16 \
  --enable-prefix-caching
