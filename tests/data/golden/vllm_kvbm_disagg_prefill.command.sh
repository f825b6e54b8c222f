VLLM_NO_USAGE_STATS=1 \
VLLM_LOGGING_LEVEL=WARNING \
VLLM_WORKER_MULTIPROC_METHOD=spawn \
DYN_KVBM_CPU_CACHE_GB=20 \
vllm serve Qwen/Qwen3-8B \
  --served-model-name Qwen/Qwen3-8B \
  --runner generate \
  --no-skip-tokenizer-init \
  --no-enable-log-requests \
  --block-size 16 \
  --enable-prefix-caching \
  --distributed-executor-backend mp \
  --kv-transfer-config '{"kv_connector": "PdConnector", "kv_role": "kv_both", "kv_connector_module_path": "kvbm.vllm_integration.connector", "kv_connector_extra_config": {"connectors": [{"kv_connector": "DynamoConnector", "kv_role": "kv_both", "kv_connector_module_path": "kvbm.vllm_integration.connector"}, {"kv_connector": "NixlConnector", "kv_role": "kv_both"}]}}' \
  --kv-events-config '{"enable_kv_cache_events": true, "publisher": "zmq", "endpoint": "tcp://*:20080"}'
