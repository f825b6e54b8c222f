VLLM_NO_USAGE_STATS=1 \
VLLM_LOGGING_LEVEL=WARNING \
VLLM_WORKER_MULTIPROC_METHOD=spawn \
vllm serve meta-llama/Llama-4-Scout-17B-16E-Instruct \
  --served-model-name meta-llama/Llama-4-Scout-17B-16E-Instruct \
  --tensor-parallel-size 8 \
  --max-model-len 1000000 \
  --runner generate \
  --no-skip-tokenizer-init \
  --no-enable-log-requests \
  --block-size 16 \
  --enable-prefix-caching
