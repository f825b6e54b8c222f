"""Turn a command line of an engine, or of Dynamo's worker for it, into a preset.

    python -m dynamo.config.importer -- vllm serve Qwen/Qwen3-8B --max-model-len 8k

What is read and how is in docs/importing.md. The work is done by the launcher, which knows the
engines; configuration itself knows none of them.
"""

import importlib
import sys

if __name__ == "__main__":
    sys.exit(importlib.import_module("dynamo.launcher.importer.cli").main())
