cat > trtllm-options.yaml <<'END-OF-OPTIONS'
scheduler_config:
  capacity_scheduler_policy: GUARANTEED_NO_EVICT
  dynamic_batch_config:
    enable_batch_size_tuning: true
    enable_max_num_tokens_tuning: false
    dynamic_batch_moving_average_window: 128
enable_attention_dp: false
kv_cache_config:
  free_gpu_memory_fraction: 0.7
  tokens_per_block: 32
  enable_block_reuse: false
  dtype: fp8
return_perf_metrics: false
enable_iter_perf_stats: false
load_format: auto
cuda_graph_config:
  enable_padding: true
  batch_sizes:
  - 1
  - 2
  - 4
  - 8
  - 16
  - 32
  - 64
  - 96
END-OF-OPTIONS
PYTHONHASHSEED=0 \
TLLM_LOG_LEVEL=INFO \
trtllm-serve Qwen/Qwen3-32B-FP8 \
  --tp_size 2 \
  --pp_size 1 \
  --max_num_tokens 7964 \
  --max_seq_len 7964 \
  --max_beam_width 1 \
  --max_batch_size 96 \
  --extra_llm_api_options trtllm-options.yaml
