"""Turn a command line that was written for something else into a preset.

    words of a command line | shell script | process | Kubernetes manifest  --source-->  Source
    Source  --server-->  whose command it is  --translate-->  Found  --preset-->  YAML

Everything up to the YAML is pure. What a preset cannot say is listed in it and in the report.
"""
