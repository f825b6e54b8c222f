"""Values that follow from others when nobody sets them."""

from dynamo.config.plan import EndpointPlan
from dynamo.config.roles import role_named
from dynamo.config.schema import Config

MODEL_PACKAGE_PREFIX = "pypi:"


def served_name(config: Config) -> str:
    """R46: clients call the model as the operator wrote it, unless a name is set."""
    return config.model.served_name or config.model.path.removeprefix(MODEL_PACKAGE_PREFIX)


def worker_namespace(config: Config) -> str:
    """R19: the namespace, with the suffix of this generation of workers when there is one."""
    suffix = config.runtime.namespace_worker_suffix
    return f"{config.runtime.namespace}-{suffix}" if suffix else config.runtime.namespace


def endpoint(config: Config, component: str | None = None) -> EndpointPlan:
    """R97: the role decides the component; R99: an explicit endpoint replaces all parts.

    An engine may name another `component` than the role does (R98).
    """
    if config.runtime.endpoint is not None:
        namespace, component, name = config.runtime.endpoint.removeprefix("dyn://").split(".")
        return EndpointPlan(namespace, component, name)
    component = component or role_named(config.role.name).component
    return EndpointPlan(worker_namespace(config), component, "generate")
