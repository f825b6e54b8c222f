"""Values that follow from others when nobody sets them."""

from dynamo.config.schema import Config

MODEL_PACKAGE_PREFIX = "pypi:"


def served_name(config: Config) -> str:
    """R46: clients call the model as the operator wrote it, unless a name is set."""
    return config.model.served_name or config.model.path.removeprefix(MODEL_PACKAGE_PREFIX)


def worker_namespace(config: Config) -> str:
    """R19: the namespace, with the suffix of this generation of workers when there is one."""
    suffix = config.runtime.namespace_worker_suffix
    return f"{config.runtime.namespace}-{suffix}" if suffix else config.runtime.namespace
