"""Values that follow from others when nobody sets them."""

from dynamo.config.schema import Config

MODEL_PACKAGE_PREFIX = "pypi:"


def served_name(config: Config) -> str:
    """R46: clients call the model as the operator wrote it, unless a name is set."""
    return config.model.served_name or config.model.path.removeprefix(MODEL_PACKAGE_PREFIX)
