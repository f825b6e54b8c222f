VLLM_NO_USAGE_STATS=1 \
VLLM_LOGGING_LEVEL=WARNING \
VLLM_WORKER_MULTIPROC_METHOD=spawn \
vllm serve meta-llama/Llama-3.3-70B-Instruct \
  --served-model-name meta-llama/Llama-3.3-70B-Instruct \
  --tensor-parallel-size 4 \
  --runner generate \
  --no-skip-tokenizer-init \
  --no-enable-log-requests \
  --block-size 16 \
  --enable-prefix-caching
