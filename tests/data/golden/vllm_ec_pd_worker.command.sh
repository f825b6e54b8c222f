VLLM_NO_USAGE_STATS=1 \
VLLM_LOGGING_LEVEL=WARNING \
VLLM_WORKER_MULTIPROC_METHOD=spawn \
vllm serve llava-hf/llava-1.5-7b-hf \
  --served-model-name llava-hf/llava-1.5-7b-hf \
  --runner generate \
  --no-skip-tokenizer-init \
  --no-enable-log-requests \
  --block-size 16 \
  --enable-prefix-caching \
  --ec-transfer-config '{"ec_connector": "ECExampleConnector", "ec_role": "ec_consumer", "engine_id": "dynamo.backend.backend.0", "ec_connector_extra_config": {"shared_storage_path": "/shared/embeddings"}}' \
  --kv-events-config '{"enable_kv_cache_events": true, "publisher": "zmq", "endpoint": "tcp://*:20080"}'
