cat > trtllm-options.yaml <<'END-OF-OPTIONS'
scheduler_config:
  capacity_scheduler_policy: GUARANTEED_NO_EVICT
  dynamic_batch_config:
    enable_batch_size_tuning: true
    enable_max_num_tokens_tuning: false
    dynamic_batch_moving_average_window: 128
enable_attention_dp: false
kv_cache_config:
  free_gpu_memory_fraction: 0.8
  tokens_per_block: 32
return_perf_metrics: false
enable_iter_perf_stats: false
load_format: auto
moe_tensor_parallel_size: 1
enable_chunked_prefill: true
cuda_graph_config:
  enable_padding: true
  max_batch_size: 128
END-OF-OPTIONS
PYTHONHASHSEED=0 \
TLLM_LOG_LEVEL=INFO \
trtllm-serve Qwen/Qwen3-235B-A22B-FP8 \
  --tp_size 4 \
  --pp_size 1 \
  --ep_size 4 \
  --max_num_tokens 8192 \
  --max_seq_len 8192 \
  --max_beam_width 1 \
  --max_batch_size 128 \
  --trust_remote_code \
  --extra_llm_api_options trtllm-options.yaml
