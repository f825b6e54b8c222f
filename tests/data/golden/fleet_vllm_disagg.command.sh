# prefill-0
CUDA_VISIBLE_DEVICES=0 VLLM_NO_USAGE_STATS=1 \
VLLM_LOGGING_LEVEL=WARNING \
VLLM_WORKER_MULTIPROC_METHOD=spawn \
VLLM_NIXL_SIDE_CHANNEL_HOST=127.0.0.1 \
vllm serve Qwen/Qwen3-8B \
  --served-model-name Qwen/Qwen3-8B \
  --runner generate \
  --no-skip-tokenizer-init \
  --no-enable-log-requests \
  --block-size 16 \
  --enable-prefix-caching \
  --distributed-executor-backend mp \
  --kv-transfer-config '{"kv_connector": "NixlConnector", "kv_role": "kv_producer"}' \
  --kv-events-config '{"enable_kv_cache_events": true, "publisher": "zmq", "endpoint": "ipc://inproc-kv-events"}'
# prefill-1
CUDA_VISIBLE_DEVICES=1 VLLM_NO_USAGE_STATS=1 \
VLLM_LOGGING_LEVEL=WARNING \
VLLM_WORKER_MULTIPROC_METHOD=spawn \
VLLM_NIXL_SIDE_CHANNEL_HOST=127.0.0.1 \
vllm serve Qwen/Qwen3-8B \
  --served-model-name Qwen/Qwen3-8B \
  --runner generate \
  --no-skip-tokenizer-init \
  --no-enable-log-requests \
  --block-size 16 \
  --enable-prefix-caching \
  --distributed-executor-backend mp \
  --kv-transfer-config '{"kv_connector": "NixlConnector", "kv_role": "kv_producer"}' \
  --kv-events-config '{"enable_kv_cache_events": true, "publisher": "zmq", "endpoint": "ipc://inproc-kv-events"}'
# decode-0
CUDA_VISIBLE_DEVICES=2 VLLM_NO_USAGE_STATS=1 \
VLLM_LOGGING_LEVEL=WARNING \
VLLM_WORKER_MULTIPROC_METHOD=spawn \
VLLM_NIXL_SIDE_CHANNEL_HOST=127.0.0.1 \
vllm serve Qwen/Qwen3-8B \
  --served-model-name Qwen/Qwen3-8B \
  --runner generate \
  --no-skip-tokenizer-init \
  --no-enable-log-requests \
  --block-size 16 \
  --enable-prefix-caching \
  --distributed-executor-backend mp \
  --kv-transfer-config '{"kv_connector": "NixlConnector", "kv_role": "kv_consumer"}'
# decode-1
CUDA_VISIBLE_DEVICES=3 VLLM_NO_USAGE_STATS=1 \
VLLM_LOGGING_LEVEL=WARNING \
VLLM_WORKER_MULTIPROC_METHOD=spawn \
VLLM_NIXL_SIDE_CHANNEL_HOST=127.0.0.1 \
vllm serve Qwen/Qwen3-8B \
  --served-model-name Qwen/Qwen3-8B \
  --runner generate \
  --no-skip-tokenizer-init \
  --no-enable-log-requests \
  --block-size 16 \
  --enable-prefix-caching \
  --distributed-executor-backend mp \
  --kv-transfer-config '{"kv_connector": "NixlConnector", "kv_role": "kv_consumer"}'
