cat > trtllm-options.yaml <<'END-OF-OPTIONS'
scheduler_config:
  capacity_scheduler_policy: GUARANTEED_NO_EVICT
  dynamic_batch_config:
    enable_batch_size_tuning: true
    enable_max_num_tokens_tuning: false
    dynamic_batch_moving_average_window: 128
enable_attention_dp: false
kv_cache_config:
  free_gpu_memory_fraction: 0.85
  tokens_per_block: 32
  event_buffer_max_size: 100000
return_perf_metrics: false
enable_iter_perf_stats: true
load_format: auto
END-OF-OPTIONS
PYTHONHASHSEED=0 \
TLLM_LOG_LEVEL=INFO \
trtllm-serve Qwen/Qwen3-8B \
  --tp_size 1 \
  --pp_size 1 \
  --max_num_tokens 8192 \
  --max_beam_width 1 \
  --max_batch_size 256 \
  --extra_llm_api_options trtllm-options.yaml
