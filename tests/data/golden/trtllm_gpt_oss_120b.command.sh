cat > trtllm-options.yaml <<'END-OF-OPTIONS'
scheduler_config:
  capacity_scheduler_policy: GUARANTEED_NO_EVICT
  dynamic_batch_config:
    enable_batch_size_tuning: true
    enable_max_num_tokens_tuning: false
    dynamic_batch_moving_average_window: 128
enable_attention_dp: true
kv_cache_config:
  free_gpu_memory_fraction: 0.9
  tokens_per_block: 32
  enable_block_reuse: false
return_perf_metrics: false
enable_iter_perf_stats: false
load_format: auto
stream_interval: 20
cuda_graph_config:
  enable_padding: true
  max_batch_size: 800
moe_config:
  backend: CUTLASS
END-OF-OPTIONS
PYTHONHASHSEED=0 \
TLLM_LOG_LEVEL=INFO \
trtllm-serve openai/gpt-oss-120b \
  --tp_size 4 \
  --pp_size 1 \
  --ep_size 4 \
  --max_num_tokens 8192 \
  --max_beam_width 1 \
  --max_batch_size 800 \
  --extra_llm_api_options trtllm-options.yaml
